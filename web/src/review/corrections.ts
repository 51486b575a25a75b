/** Correcting what was written for a review, and what was made before that. */

import { api, ApiError, dataOf } from '../api/client.svelte';
import type { MomentCorrection, MomentView, OutputView, SelectionCorrection, SelectionView } from '../api/types';
import { nameOfKind } from '../families/copyWords';

type Written = OutputView['made_before'][number];

const CHANGED: Record<Written, string> = {
  caption: 'a caption',
  principle: 'a principle',
  drawings: 'the drawings',
  question: 'the question',
  working_points: 'the working points',
  order: 'the order',
  cycle: 'the cycle',
  moments: 'the moments',
  notes: 'the words of the review',
};
const SEVERAL: readonly Written[] = ['drawings', 'working_points', 'moments', 'notes'];
const GOING_ON = ['pending', 'queued', 'running'];

/** Thrown where somebody else was first; `view` is what stands there now. */
export class CorrectedMeanwhile extends Error {
  constructor(
    message: string,
    readonly view: SelectionView,
  ) {
    super(message);
  }
}

/** The selection once it says so. Throws ApiError, CorrectedMeanwhile. */
export function correctSelection(id: string, seen: number, body: SelectionCorrection): Promise<SelectionView> {
  return orNewest(id, api.PATCH('/api/v1/selections/{selection_id}', { params: { path: { selection_id: id }, header: { 'if-match': match(seen) } }, body }).then(({ data }) => data));
}

/** The same for the words of one moment. */
export function correctMoment(id: string, moment: Pick<MomentView, 'id'>, seen: number, body: MomentCorrection): Promise<SelectionView> {
  const params = { path: { selection_id: id, moment_id: moment.id }, header: { 'if-match': match(seen) } };
  return orNewest(id, api.PATCH('/api/v1/selections/{selection_id}/moments/{moment_id}', { params, body }).then(({ data }) => data));
}

const match = (revision: number): string => `"${revision}"`;

async function orNewest(id: string, asked: Promise<SelectionView | undefined>): Promise<SelectionView> {
  try {
    return (await asked) as SelectionView;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 412) throw error;
    throw new CorrectedMeanwhile(error.sentence, await dataOf(api.GET('/api/v1/selections/{selection_id}', { params: { path: { selection_id: id } } })));
  }
}

/** The ids of all moments once one of them has moved by so many places among its kind; null where it cannot. */
export function movedOrder(moments: readonly Pick<MomentView, 'id' | 'kind'>[], id: string, places: -1 | 1): string[] | null {
  const moment = moments.find((one) => one.id === id);
  const kin = moments.filter((one) => one.kind === moment?.kind);
  const target = kin[kin.findIndex((one) => one.id === id) + places];
  if (!moment || !target) return null;
  const order = moments.map((one) => one.id);
  const [from, to] = [order.indexOf(id), order.indexOf(target.id)];
  order.splice(to, 0, ...order.splice(from, 1));
  return order;
}

/** What was made before something in it was changed, and is not being made anew. */
export const outOfDate = (outputs: readonly OutputView[]): OutputView[] => outputs.filter((one) => one.made_before.length > 0 && !GOING_ON.includes(one.state));

/** What holds words of before a change until the new one is there. */
export const beingReplaced = (outputs: readonly OutputView[]): boolean => outputs.some((one) => one.made_before.length > 0 && GOING_ON.includes(one.state));

/** While something is prepared again: what can be opened is the one from before. A pack that is ready before the first notes are is none. */
export const isFromBefore = ({ moments, outputs }: Pick<SelectionView, 'moments' | 'outputs'>): boolean =>
  outputs.some(({ artifacts, state }) => artifacts.length > 0 && (GOING_ON.includes(state) || moments.some((moment) => moment.state !== 'ready')));

/** `a caption and the order were changed`. */
export function changedWords(changed: readonly Written[]): string {
  if (changed.length === 1 && changed[0] === 'notes') return 'the words of the review were saved';
  const several = changed.length > 1 || changed.some((one) => SEVERAL.includes(one));
  const what = listed(changed.map((one) => CHANGED[one]));
  return several ? `${what} were changed` : `${what} was changed`;
}

/** A sentence for all that were made before the same changes. */
export function staleSentences(outputs: readonly OutputView[]): string[] {
  const groups = new Map<string, OutputView[]>();
  for (const one of outOfDate(outputs)) groups.set(one.made_before.join(), [...(groups.get(one.made_before.join()) ?? []), one]);
  return [...groups.values()].map((group) => {
    const names = group.map(({ kind }, n) => (n ? nameOfKind(kind).replace(/^./, (letter) => letter.toLowerCase()) : nameOfKind(kind)));
    return `${listed(names)}: made before ${changedWords(group[0]?.made_before ?? [])}.`;
  });
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
