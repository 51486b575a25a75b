// @vitest-environment jsdom
import { beforeEach, expect, it } from 'vitest';

import type { ConsentsView, ConsequencesView, Statement } from '../api/types';
import { newBrowser } from '../testing/browser';
import { button, field, hear, press, said, show } from '../testing/mounted';
import { answerJson, serve } from '../testing/server';
import Consents from './Consents.svelte';

const PURPOSES = ['shared_review', 'supervision', 'training'].map((purpose) => ({ purpose, title: purpose.replace('_', ' '), about: '', basis: 'consent', needed: true, open: false }));
const GONE = { selections: 0, moments: 2, outputs: 1, shares: 0, copies_out: [], held: false } as unknown as ConsequencesView;
const VIEW = { family_id: 'f', people: [{ id: 'm', role: 'mother', initials: 'M' }, { id: 'c', role: 'child', initials: '' }], purposes: PURPOSES, said: [], grace_until: null } as unknown as ConsentsView;

let wrote: Statement[] = [];
let gone = GONE;
beforeEach(async () => {
  await newBrowser();
  [wrote, gone] = [[], GONE];
  await serve((request, response, body) => {
    if (request.method === 'GET') return answerJson(response, VIEW);
    if (request.url?.endsWith('/preview')) return answerJson(response, gone);
    wrote = (JSON.parse(body.toString()) as { statements: Statement[] }).statements;
    answerJson(response, { consents: VIEW, erased: gone });
  });
});

async function open(): Promise<void> {
  await show(Consents, {}).show({ id: 'f', code: 'K-104' });
  await hear('Write down what they said');
}

const ticked = (): string[] => [...document.querySelectorAll<HTMLInputElement>('input[type=checkbox]:checked')].map((one) => one.value);

it('has nothing ticked before somebody says it, nor after something was written down', async () => {
  await open();
  expect(ticked()).toEqual([]);
  for (const words of ['mother M', 'supervision']) press(field(words));
  press(button('Write it down'));
  await hear('Written down for mother M.');
  expect(wrote.map(({ purposes }) => purposes)).toEqual([['supervision']]);
  expect(ticked()).toEqual([]);
});

it('lets a carer who is ticked too speak for a child, and anybody else who is written', async () => {
  await open();
  for (const words of ['mother M', 'child', 'supervision']) press(field(words));
  expect(field('For the child, said by').value).toBe('mother M');
  press(button('Write it down'));
  await hear('Written down for mother M and child.');
  expect(wrote.map(({ given_by }) => given_by)).toEqual(['', 'mother M']);

  for (const words of ['child', 'supervision']) press(field(words));
  expect(field('For the child, said by').value).toBe('');
});

it('keeps its ticks when a no is chosen last, and shows what that erases before it is written down', async () => {
  await open();
  for (const words of ['mother M', 'supervision', 'They say no, or no longer agree']) press(field(words));
  expect(ticked()).toEqual(['m', 'supervision']);
  press(button('See what that erases'));
  await hear('2 moments and 1 file made for it will be gone for good');
  expect(wrote).toEqual([]);
  press(button('Record the no and erase'));
  await hear('Erased: 2 moments and 1 file made for it.');
  expect(wrote).toMatchObject([{ agrees: false, purposes: ['supervision'] }]);
});

it('says beside the button what is missing, and once', async () => {
  await open();
  press(button('Write it down'));
  await hear('Tick who said it, or add somebody.');
  const alert = document.querySelector('form [role=alert]');
  expect(alert?.textContent).toBe('Tick who said it, or add somebody.');
  expect(document.querySelectorAll('[role=alert]')).toHaveLength(1);
});

it('says of a no on hold that nothing is erased now', async () => {
  gone = { ...GONE, held: true };
  await open();
  for (const words of ['mother M', 'supervision', 'They say no, or no longer agree']) press(field(words));
  press(button('See what that erases'));
  await hear('Nothing is erased now');
  press(button('Record the no'));
  await hear('Written down for mother M. The family is on hold');
  expect(said()).not.toContain('Erased:');
});
