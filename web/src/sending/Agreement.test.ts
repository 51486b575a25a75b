// @vitest-environment jsdom
import { beforeEach, expect, it } from 'vitest';

import { signIn } from '../api/client.svelte';
import type { ConsentsView, SignedIn } from '../api/types';
import type { Desk } from '../desk/desk.svelte';
import { newBrowser } from '../testing/browser';
import { field, hear, press, said, show } from '../testing/mounted';
import { answerJson, serve } from '../testing/server';
import Agreement from './Agreement.svelte';

const PURPOSES = ['shared_review', 'picture_notes'].map((purpose) => ({ purpose, title: purpose.replace('_', ' '), about: '', basis: 'consent', needed: true }));
const saying = (told: 'agreed' | 'withdrawn') => ({ people: [{ id: 'm', role: 'mother', initials: 'M' }], purposes: PURPOSES.map((one) => ({ ...one, open: told === 'agreed' })), said: PURPOSES.map(({ purpose }) => ({ person_id: 'm', purpose, said: told })) }) as unknown as ConsentsView;

let known: ConsentsView | null = null;
let answer: () => void = () => undefined;
beforeEach(async () => {
  await newBrowser();
  signIn.who = { account_id: 'a'.repeat(32) } as SignedIn;
  [known, answer] = [null, () => undefined];
  await serve((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://x');
    if (pathname === '/api/v1/purposes') return answerJson(response, PURPOSES);
    if (pathname.endsWith('/consents')) return void (answer = () => answerJson(response, known));
    answerJson(response, { items: known ? [{ id: 'f', code: 'K-104' }] : [], next: null });
  });
});

const deskOf = (): Desk => ({ details: { family: 'K-104', of: 'family_film' }, film: { facts: { hasPicture: true } }, marks: [{ kind: 'clip' }], agreed: [], people: [], leftOut: [] }) as unknown as Desk;
const shown = (desk: Desk): { missing: () => string | null } => show<{ desk: Desk }, { missing: () => string | null; focus: () => void }>(Agreement, { desk });
const asks = 'did they agree?';

it('asks nothing of a family before it is known what is recorded of it, and nothing of one that agreed', async () => {
  known = saying('agreed');
  const desk = deskOf();
  const agreement = shown(desk);
  await expect.poll(() => String(answer)).toContain('answerJson');
  expect(said()).not.toContain(asks);
  answer();
  await expect.poll(() => desk.people).toHaveLength(1);
  expect(said()).not.toContain(asks);
  expect(agreement.missing()).toBeNull();
});

it('asks once of a new family, with one tick, and a carer speaks for the child', async () => {
  const desk = deskOf();
  const agreement = shown(desk);
  await hear(asks);
  expect(agreement.missing()).toBe('Have they agreed? Say so first, or ask them.');
  press(field('All of them agreed to shared review and picture notes.'));
  expect(agreement.missing()).toBeNull();
  expect(desk.agreed.map(({ given_by }) => given_by)).toEqual([undefined, 'mother']);
});

it('lets nothing be sent of somebody who said no', async () => {
  known = saying('withdrawn');
  const agreement = shown(deskOf());
  await expect.poll(() => String(answer)).toContain('answerJson');
  answer();
  await hear('Mother M said no to shared review');
  expect(agreement.missing()).toContain('only moments without them can be sent');
});
