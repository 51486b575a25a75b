/** Families as the service shows them to this person. Where it cannot be asked just now, pages go on without them. */

import { api, dataOf } from '../api/client.svelte';
import type { FamilyView } from '../api/types';
import { CODE } from '../limits';

/** The family of that code, written in any case; undefined where none of those is it. */
export function familyOf(families: FamilyView[], code: string): FamilyView | undefined {
  const wanted = code.trim().toLowerCase();
  return families.find((family) => family.code.toLowerCase() === wanted);
}

/** Those they looked at last. */
export async function loadLastViewed(): Promise<FamilyView[]> {
  return dataOf(api.GET('/api/v1/families', { params: { query: { limit: 100 } } })).then(({ items }) => items, () => []);
}

/** The one of that code; undefined where they have none. */
export async function findFamily(code: string): Promise<FamilyView | undefined> {
  if (!CODE.test(code.trim())) return undefined;
  const query = { code: code.trim(), limit: 100 };
  return dataOf(api.GET('/api/v1/families', { params: { query } })).then(({ items }) => familyOf(items, code), () => undefined);
}

/** The one with that id; null where it is not for them to see. */
export async function loadFamily(familyId: string): Promise<FamilyView | null> {
  return dataOf(api.GET('/api/v1/families/{family_id}', { params: { path: { family_id: familyId } } })).catch(() => null);
}
