// @vitest-environment jsdom
import { beforeEach, expect, it } from 'vitest';

import type { ConsentsView, KindView, SelectionView } from '../../api/types';
import { newBrowser } from '../../testing/browser';
import { button, field, hear, press, said, show, type } from '../../testing/mounted';
import { answerJson, serve } from '../../testing/server';
import OutputKind from './OutputKind.svelte';

const SENTENCE = 'It is not recorded that mother agreed to “supervision”: open Families, Who agreed, and write down what they said.';
const KIND = { name: 'a_pack', title: 'A pack', about: 'For somebody.', files: {}, recipe: { properties: { question: { type: 'string', title: 'Your question', default: '' } } } } as unknown as KindView;
const VIEW = { id: 's', family_id: 'f', family: 'K-104', cycle: 1, moments: [], outputs: [], artwork: [] } as unknown as SelectionView;
const CONSENTS = { family_id: 'f', people: [{ id: 'm', role: 'mother', initials: '' }], purposes: [{ purpose: 'supervision', title: 'supervision', about: '', basis: 'consent', needed: true }], said: [], grace_until: null } as unknown as ConsentsView;

let agreed = false;
let asked: string[] = [];
beforeEach(async () => {
  await newBrowser();
  [agreed, asked] = [false, []];
  await serve((request, response) => {
    const place = request.url?.split('/').pop() ?? '';
    asked.push(`${request.method} ${place}`);
    if (place === 'consents') {
      if (request.method === 'POST') agreed = true;
      return answerJson(response, request.method === 'GET' ? CONSENTS : { consents: CONSENTS, erased: { copies_out: [] } });
    }
    if (!agreed) return answerJson(response, { status: 409, code: 'consent_missing', detail: SENTENCE }, 409);
    answerJson(response, place === 'preview' ? { pages: [], parts: [{ title: 'Clip 1', starts_ms: 0, length_ms: 8000, words: '' }], of: null, remarks: [] } : { id: 'o', remarks: [] });
  });
});

const timesSaid = (): number => said().split(SENTENCE).length - 1;

it('says once who has not agreed, and lets that be written down without losing what was typed', async () => {
  show(OutputKind, { view: VIEW, kind: KIND, output: undefined, onAsked: () => undefined });
  const details = document.querySelector('details')!;
  details.open = true;
  details.dispatchEvent(new Event('toggle'));
  await hear(SENTENCE);
  type(field('Your question'), 'How do I wait longer?');
  await hear('Shown once they have agreed.');
  expect(said()).not.toContain('One moment');

  press(button('Make it'));
  await hear(SENTENCE);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(asked).toContain('POST outputs');
  expect(timesSaid()).toBe(1);
  expect(document.activeElement?.textContent).toContain(SENTENCE);

  press(button('Who agreed'));
  await hear('Who agreed: K-104');
  await hear('Write down what they said');
  for (const words of ['mother', 'supervision']) press(field(words));
  press(button('Write it down'));
  await hear('Written down for mother.');
  press(button('Close'));
  await hear('Clip 1');
  expect(timesSaid()).toBe(0);
  expect(field('Your question').value).toBe('How do I wait longer?');
});
