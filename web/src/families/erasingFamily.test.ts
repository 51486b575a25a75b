// @vitest-environment jsdom
import { beforeEach, expect, it } from 'vitest';

import { signIn } from '../api/client.svelte';
import type { SignedIn } from '../api/types';
import { newBrowser } from '../testing/browser';
import { button, hear, press, said, show } from '../testing/mounted';
import { answerJson, answerProblem, serve } from '../testing/server';
import FamilyPage from './FamilyPage.svelte';

const COUNTS = { selections: 1, cycles: 1, moments: 2, outputs: 1, files: 4, bytes: 9_000_000, photographs: 0, first_sent_on: '2026-11-03', last_sent_on: '2026-11-03' };
const KEPT = { family_id: 'f', code: 'K-104', schedule: 'vig', ended_at: null, ended_by_silence: false, needs_birth: false, due_at: null, noticed_at: null, goes_at: null, holds: [], noes_waiting: 0, sources_go_at: null, there: COUNTS, copies_out: [], schedules: [] };
const FILM = { selection_id: 's', cycle: 1, of: 'family_film', clips: 1, stills: 1, has_picture: true, review_on: null, sent_at: '2026-11-03T09:00:00Z', state: 'ready', unconfirmed: false, thumbnail: { artifact_id: 'a', media_type: 'image/jpeg' } };
const FAMILY = { id: 'f', code: 'K-104', mine: true, owner: '', opened_at: '2026-11-03T09:00:00Z', ended_at: null, people: [], shares: [] };
const CERTIFICATE = { id: 'c'.repeat(32), family_id: 'f', begun_at: '2026-11-28T09:00:00Z', finished_at: '2026-11-28T09:00:01Z', cause: 'asked', by: '', rule: '', counts: COUNTS, copies_out: [] };

let erased = false;
beforeEach(async () => {
  await newBrowser();
  signIn.who = { account_id: 'a'.repeat(32), roles: ['guider'], scopes: ['reviews:read', 'reviews:write'] } as unknown as SignedIn;
  erased = false;
  await serve((request, response) => {
    const place = new URL(request.url ?? '', 'http://x').pathname.replace('/api/v1/', '');
    if (place === 'retention/gone') return answerJson(response, { ids: [] });
    if (request.method === 'DELETE') erased = true;
    if (request.method === 'DELETE') return answerJson(response, CERTIFICATE);
    if (erased) return answerProblem(response, 404, 'not_found');
    const answers: Record<string, unknown> = { 'families/f': FAMILY, 'families/f/films': { family_id: 'f', code: 'K-104', films: [FILM] }, 'families/f/retention': KEPT };
    if (place in answers) return answerJson(response, answers[place]);
    answerProblem(response, 404, 'not_found');
  });
});

it('shows nothing of a family that was just erased but its certificate, until that is closed', async () => {
  let gone = 0;
  show(FamilyPage, { id: 'f', onFilm: () => undefined, onDraft: () => undefined, onGone: () => void (gone += 1), begins: null });
  await hear('Keep or erase');
  await expect.poll(() => document.querySelectorAll('img')).toHaveLength(1);
  press(button('Keep or erase'));
  await hear('Erase everything of K-104');
  press(button('Erase everything of K-104 …'));
  await hear('It holds 1 review of 1 cycle, 4 files, 9.0 MB');
  press(button('Erase K-104 for good'));
  await hear('Nothing of it is left on the service or in this browser');
  await expect.poll(() => document.querySelectorAll('img')).toHaveLength(0);

  document.dispatchEvent(new Event('visibilitychange')); // she looks at another tab, and comes back
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(said()).toContain('Certificate of erasure');
  expect(gone).toBe(0);
  press(button('Close'));
  expect(gone).toBe(1);
});
