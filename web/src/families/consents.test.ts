import { describe, expect, it } from 'vitest';
import type { ConsentsView } from '../api/types';
import { agreementOf, lackingOf, namesOf, peopleIn, purposesOf, takenBy, usualKinds } from './consents';

const person = (role: string, initials = '', id = '') => ({ id, role, initials });

describe('who can be seen, as it is written', () => {
  it.each([
    ['mother, child', [person('mother'), person('child')]],
    ['Mother M and child E', [person('mother', 'M'), person('child', 'E')]],
    ['foster carer AB', [person('foster carer', 'AB')]],
    ['', null],
    ['mother, 12', null],
    ['Ella looks at her mother smiling', null],
  ])('%s', (written, people) => expect(peopleIn(written)).toEqual(people));
});

it('lets a carer speak for a child, and each for themselves', () => {
  const said = agreementOf([person('child', 'E'), person('mother', 'M')], ['shared_review']);
  expect(said.map((one) => one.given_by)).toEqual(['mother M', undefined]);
});

it('asks for what is made of such a film', () => {
  expect(purposesOf('family_film', true)).toEqual(['shared_review', 'picture_notes']);
  expect(purposesOf('family_film', false)).toEqual(['shared_review']);
  expect(purposesOf('review_recording', true)).toEqual(['supervision']);
  expect(usualKinds('review_recording', true)).toEqual(['review_pack']);
});

it('tells who said no from who was not asked', () => {
  const consents = {
    people: [person('mother', 'M', 'a'), person('child', 'E', 'b'), person('father', 'F', 'c')],
    said: [{ person_id: 'a', purpose: 'court', said: 'agreed' }, { person_id: 'b', purpose: 'court', said: 'withdrawn' }],
  } as ConsentsView;
  const { no, silent } = lackingOf(consents, 'court');
  expect([namesOf(no), namesOf(silent)]).toEqual(['child E', 'father F']);
});

it('says what a no takes with it', () => {
  const nothing = { selections: 0, moments: 0, outputs: 0, shares: 0, copies_out: [], held: false };
  expect(takenBy(nothing)).toBe('');
  expect(takenBy({ ...nothing, selections: 1, moments: 4, outputs: 1 })).toBe('1 whole review, 4 moments and 1 file made for it');
});
