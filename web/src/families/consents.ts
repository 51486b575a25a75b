/** Who agreed to what, in plain sentences, and what has to be asked before moments are sent. */

import { api, dataOf } from '../api/client.svelte';
import type { ConsentsView, ConsequencesView, FilmOf, Purpose, PurposeNeeds, Statement } from '../api/types';
import { dayOf } from '../account/words';
import { count } from '../ui/format';

export type Person = Statement['person'];
type Said = ConsentsView['said'][number];

/** As people of families are mostly called here; anything else can be written. */
export const ROLES = ['mother', 'father', 'grandmother', 'grandfather', 'foster carer', 'child', 'brother', 'sister'];
/** For whom somebody else says whether they agree. */
const CHILDREN = /\b(child|baby|toddler|infant|son|daughter|brother|sister|sibling|twin)\b/;
const PERSON = /^([a-z][a-z ]{1,29}?)(?: ([^\W\d_]{1,4}))?$/u;

export const titleOf = (person: Person): string => `${person.role} ${person.initials ?? ''}`.trim();
export const isChild = (person: Person): boolean => CHILDREN.test(person.role);

/** What is made of such a film without being asked for, as the service does it. */
export const usualKinds = (of: FilmOf, hasPicture: boolean): string[] =>
  of === 'family_film' && hasPicture ? ['review_pack', 'picture_notes'] : ['review_pack'];

/** What moments of such a film are used for as they are sent. */
export const purposesOf = (of: FilmOf, hasPicture: boolean): Purpose[] =>
  of === 'review_recording' ? ['supervision'] : hasPicture ? ['shared_review', 'picture_notes'] : ['shared_review'];

/** `mother M, child E` as people; null where it cannot be understood. */
export function peopleIn(written: string): Person[] | null {
  const found: Person[] = [];
  for (const one of written.split(/,|\band\b/).map((part) => part.trim()).filter(Boolean)) {
    const [, role, initials] = PERSON.exec(one.replace(/^[A-Z]/, (letter) => letter.toLowerCase())) ?? [];
    if (!role || role.split(' ').length > 3) return null;
    found.push({ id: '', role, initials: initials ?? '' });
  }
  return found.length && found.length <= 20 ? found : null;
}

/** Everybody's agreement; a carer speaks for a child. */
export function agreementOf(people: readonly Person[], purposes: readonly Purpose[]): Statement[] {
  const carer = carerOf(people);
  return people.map((person) => ({ person, purposes: [...purposes], ...(isChild(person) && carer ? { given_by: carer } : {}) }));
}

/** Who of them speaks for a child; '' where nobody does. */
export function carerOf(people: readonly Person[]): string {
  const carer = people.find((one) => !isChild(one));
  return carer ? titleOf(carer) : '';
}

/** What everybody of a family said to a purpose: who said no, and of whom nothing is recorded. */
export function lackingOf(consents: ConsentsView, purpose: Purpose): { no: Person[]; silent: Person[] } {
  const said = new Map(consents.said.filter((one) => one.purpose === purpose).map((one) => [one.person_id, one.said]));
  return {
    no: consents.people.filter((one) => ['refused', 'withdrawn'].includes(said.get(one.id ?? '') ?? '')),
    silent: consents.people.filter((one) => !said.has(one.id ?? '')),
  };
}

/** `mother M and child E` */
export function namesOf(people: readonly Person[]): string {
  const names = people.map(titleOf);
  const last = names.pop() ?? '';
  return names.length ? `${names.join(', ')} and ${last}` : last;
}

export const titlesOf = (purposes: readonly Purpose[], needs: readonly PurposeNeeds[]): string =>
  namesOf(purposes.map((purpose) => ({ id: '', role: needs.find((one) => one.purpose === purpose)?.title ?? purpose, initials: '' })));

/** What a person said to a purpose, as one reads it. */
export function saidOf(one: Said): string {
  const how = { agreed: 'agreed', refused: 'said no', withdrawn: 'no longer agrees' }[one.said];
  return `${how}, ${dayOf(one.said_on)}${one.given_by ? `, said by ${one.given_by}` : ''}`;
}

/** What a no takes with it; '' where there is nothing. */
export function takenBy(gone: ConsequencesView): string {
  const parts = [
    gone.selections ? count(gone.selections, ['# whole review', '# whole reviews']) : '',
    gone.moments ? count(gone.moments, ['# moment', '# moments']) : '',
    gone.outputs ? count(gone.outputs, ['# file made for it', '# files made for it']) : '',
    gone.shares ? count(gone.shares, ['what # supervisor sees', 'what # supervisors see']) : '',
  ].filter(Boolean);
  const last = parts.pop();
  return last ? (parts.length ? `${parts.join(', ')} and ${last}` : last) : '';
}

export const loadPurposes = (): Promise<PurposeNeeds[]> => dataOf(api.GET('/api/v1/purposes'));
export const loadConsents = (family_id: string): Promise<ConsentsView> =>
  dataOf(api.GET('/api/v1/families/{family_id}/consents', { params: { path: { family_id } } }));
