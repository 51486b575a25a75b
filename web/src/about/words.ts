/** Words of the page About this service. */

import type { AboutService } from '../api/types';

type Form = AboutService['papers'][number]['forms'][number];

export const FORMS: Record<Form, string> = { html: 'Read', pdf: 'PDF', md: 'Markdown', svg: 'Drawing' };

export const IN_FORCE: Record<AboutService['measures'][number]['in_force'], string> = {
  yes: 'in force',
  no: 'not in force',
  depends: 'depends on the machine or on what stands before it',
};

/** The settings that would say whom to ask, as IT writes them. */
export function missingContacts(found: AboutService): string[] {
  const named: [string, boolean][] = [
    ['VIGPACK_CONTROLLER', Boolean(found.controller)],
    ['VIGPACK_DATA_PROTECTION_CONTACT', Boolean(found.data_protection_contact)],
    ['VIGPACK_ACCESSIBILITY_CONTACT', Boolean(found.accessibility_contact)],
    ['VIGPACK_SECURITY_CONTACT', found.security_contacts.length > 0],
  ];
  return named.filter(([, isSet]) => !isSet).map(([name]) => name);
}
