/** Moments added to a review that was sent of the same film: which marks are in it already, and which film that is. */

import { getAll, put } from './browserDatabase';
import type { SendingRecord } from '../sending/sendingRecord';
import type { MomentView, SelectionView } from '../api/types';
import type { Draft, Mark } from './marks';

/** What another browser found of a film's length may differ by so much. */
const NEAR_MS = 2;

/** The marks that were sent in a selection, and those that were not. */
export function splitSent(marks: readonly Mark[], view: SelectionView): { sent: Mark[]; fresh: Mark[] } {
  const isSent = (mark: Mark): boolean => mark.sentIn === view.id || view.moments.some((one) => isAt(mark, one));
  return { sent: marks.filter(isSent), fresh: marks.filter((mark) => !isSent(mark)) };
}

/** Marks of before the page noted in what they were sent are known by their times. */
function isAt(mark: Mark, { moment }: MomentView): boolean {
  return 'at' in moment ? mark.kind === 'still' && mark.atMs === moment.at : mark.kind === 'clip' && mark.inMs === moment.in && mark.outMs === moment.out;
}

/** Has marks say what their moments say by now, so that a name that was corrected is not kept here; whether any changed. */
export function takeWords(marks: readonly Mark[], view: SelectionView): boolean {
  let changed = false;
  for (const mark of marks) {
    const moment = view.moments.find((one) => (mark.sentAs ? one.id === mark.sentAs : isAt(mark, one)))?.moment;
    const [caption, principle] = [moment?.caption ?? '', moment?.principle ?? null];
    if (!moment || (mark.caption.trim() === caption && mark.principle === principle)) continue;
    [mark.caption, mark.principle] = [caption, principle];
    changed = true;
  }
  return changed;
}

/** The same for the marks that this browser keeps of its film, but of the film of that key, which is open. */
export async function correctDrafts(view: SelectionView, openKey: string | undefined): Promise<void> {
  for (const draft of await getAll<Draft>('drafts')) {
    if (draft.key !== openKey && draft.sent?.includes(view.id) && takeWords(draft.marks, view)) await put('drafts', draft.key, draft);
  }
}

/** The key of the film of a selection, where this browser knows it. */
export async function keyOfFilm(selectionId: string): Promise<string | null> {
  const record = (await getAll<SendingRecord>('sendings')).find((one) => one.id === selectionId);
  return record?.filmKey ?? (await getAll<Draft>('drafts')).find((one) => one.sent?.includes(selectionId))?.key ?? null;
}

/** Whether a film is the one of a selection, by its key where that is known here, else by its size and length. */
export function isSameFilm(film: { key: string; bytes: number; durationMs: number }, knownKey: string | null, view: SelectionView): boolean {
  if (knownKey !== null) return film.key === knownKey;
  return film.bytes === view.film.bytes && Math.abs(film.durationMs - view.film.duration_ms) <= NEAR_MS;
}
