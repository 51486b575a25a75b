// @vitest-environment jsdom

import { expect, it } from 'vitest';

import type { MomentView, OutputView } from '../api/types';
import { answerJson, answerProblem, serve } from '../testing/server';
import { changedWords, CorrectedMeanwhile, correctMoment, isFromBefore, movedOrder, staleSentences } from './corrections';

const made = (kind: string, made_before: OutputView['made_before'], state: OutputView['state'] = 'ready'): OutputView =>
  ({ kind, made_before, state }) as OutputView;
const MOMENTS = ['a', 'b', 'y', 'z'].map((id) => ({ id, kind: id < 'm' ? 'clip' : 'still' }) as MomentView);

it('moves a moment among its kind, and no further', () => {
  expect(movedOrder(MOMENTS, 'b', -1)).toEqual(['b', 'a', 'y', 'z']);
  expect(movedOrder(MOMENTS, 'y', 1)).toEqual(['a', 'b', 'z', 'y']);
  expect([movedOrder(MOMENTS, 'b', 1), movedOrder(MOMENTS, 'y', -1), movedOrder(MOMENTS, 'q', 1)]).toEqual([null, null, null]);
});

it('says what was changed', () => {
  expect(changedWords(['caption'])).toBe('a caption was changed');
  expect(changedWords(['working_points'])).toBe('the working points were changed');
  expect(changedWords(['caption', 'question', 'order'])).toBe('a caption, the question and the order were changed');
  expect(changedWords(['notes'])).toBe('the words of the review were saved');
});

it('tells once of all that lack the same, and not of what is being made again', () => {
  const outputs = [made('review_pack', ['caption']), made('picture_notes', ['caption']), made('reel', ['question']), made('booklet', ['caption'], 'running'), made('strip', [])];
  expect(staleSentences(outputs)).toEqual([
    'Review pack and picture notes: made before a caption was changed.',
    'Reel: made before the question was changed.',
  ]);
});

it('brings what somebody else wrote meanwhile', async () => {
  const asked: string[] = [];
  await serve((request, response) => {
    asked.push(`${request.method} ${String(request.headers['if-match'] ?? '')}`.trim());
    if (request.method === 'PATCH') return answerProblem(response, 412, 'corrected_meanwhile');
    answerJson(response, { id: 'f', moments: [] });
  });
  const refused = await correctMoment('f', { id: 'm' }, 3, { caption: 'Mine' }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(CorrectedMeanwhile);
  expect((refused as CorrectedMeanwhile).view).toEqual({ id: 'f', moments: [] });
  expect(asked).toEqual(['PATCH "3"', 'GET']);
});

it('takes the first pack that is ready for none of before, and one that is made again for one', () => {
  const ready = [{ state: 'ready' }] as MomentView[];
  const output = (state: OutputView['state'], files: number): OutputView => ({ state, artifacts: Array<unknown>(files).fill({}) }) as unknown as OutputView;
  expect(isFromBefore({ moments: ready, outputs: [output('ready', 1), output('queued', 0)] })).toBe(false);
  expect(isFromBefore({ moments: ready, outputs: [output('running', 1), output('ready', 1)] })).toBe(true);
  expect(isFromBefore({ moments: [{ state: 'queued' } as MomentView], outputs: [output('ready', 1)] })).toBe(true);
});
