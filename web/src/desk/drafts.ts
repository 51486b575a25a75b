/** The markings of films that this browser keeps. */

import { discardCut } from '../film';
import { getAll, remove } from './browserDatabase';
import { forgetStretches } from './covering';
import { DRAFT_MS, type Draft } from './marks';

/** Drafts with marks, or begun for a family, newest first. Old ones are deleted, since they hold words about a family. */
export async function listDrafts(): Promise<Draft[]> {
  const kept = await getAll<Draft>('drafts');
  const drafts = kept.filter((draft) => Date.now() - draft.savedAt < DRAFT_MS);
  await Promise.all(kept.filter((draft) => !drafts.includes(draft)).map(forgetDraft));
  return drafts.filter((draft) => draft.marks.length > 0 || draft.details.family.trim()).sort((a, b) => b.savedAt - a.savedAt);
}

export async function forgetDraft(draft: Draft): Promise<void> {
  await remove('drafts', draft.key);
  await forgetStretches(draft.key);
  await Promise.all(draft.cuts.map(({ cut }) => discardCut(cut.name)));
}
