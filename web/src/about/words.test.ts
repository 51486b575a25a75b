import { expect, it } from 'vitest';
import type { AboutService } from '../api/types';
import { missingContacts } from './words';

it('names the settings that would say whom to ask', () => {
  const found = { controller: 'Anytown Council', data_protection_contact: '', accessibility_contact: '01632', security_contacts: [] as string[] };
  expect(missingContacts(found as unknown as AboutService)).toEqual(['VIGPACK_DATA_PROTECTION_CONTACT', 'VIGPACK_SECURITY_CONTACT']);
});
