/** What this browser keeps of selections that are no more: marks, words, cuts and lists of them go from here, too. */

import { api, dataOf } from '../api/client.svelte';
import { getAll, remove } from '../desk/browserDatabase';
import { forgetFilm } from '../desk/fileHandles';
import { forgetDraft } from '../desk/drafts';
import type { Draft } from '../desk/marks';
import { discardCut } from '../film';
import { isStorageBlocked } from '../ui/storage';
import type { SendingRecord } from './sendingRecord';

/** As many as the service is asked about at once. */
const MOST_ASKED = 1000;

/** What went from this browser: the ids of selections, and the keys of films whose marks went. */
export interface Dropped {
  readonly selections: string[];
  readonly films: string[];
}

/** Asks the service which of the selections that are kept here were erased, or are another's by now, and drops those. */
export async function dropErased(): Promise<Dropped> {
  const [records, drafts] = await everything();
  const ids = [...new Set([...records.map((one) => one.id), ...drafts.flatMap((one) => one.sent ?? [])])];
  const gone: string[] = [];
  for (let from = 0; from < ids.length; from += MOST_ASKED) {
    const body = { ids: ids.slice(from, from + MOST_ASKED) };
    gone.push(...(await dataOf(api.POST('/api/v1/retention/gone', { body }))).ids);
  }
  return gone.length ? dropSelections(gone) : { selections: [], films: [] };
}

/** Drops these selections; the marks of a film go with the last selection that was made of them. `filmKey`: of a film one was made of. */
export async function dropSelections(ids: readonly string[], filmKey = ''): Promise<Dropped> {
  const [records, drafts] = await everything();
  const gone = new Set(ids);
  const films: string[] = [];
  for (const record of records.filter((one) => gone.has(one.id))) await forgetRecord(record);
  for (const draft of drafts) {
    const sent = new Set([...(draft.sent ?? []), ...records.filter((one) => one.filmKey === draft.key).map((one) => one.id)]);
    const isOfOne = draft.key === filmKey; // kept by a version of the page that did not note what was sent
    if ((!sent.size && !isOfOne) || [...sent].some((id) => !gone.has(id))) continue;
    await forgetDraft(draft);
    films.push(draft.key);
  }
  return { selections: [...ids], films };
}

/** Drops everything that bears a family's code, sent or not. */
export async function dropFamily(code: string): Promise<Dropped> {
  const [records, drafts] = await everything();
  const isTheirs = (one: string): boolean => one.trim().toLowerCase() === code.toLowerCase();
  const ofThem = records.filter((one) => isTheirs(one.family));
  const films = drafts.filter((one) => isTheirs(one.details.family) || ofThem.some((record) => record.filmKey === one.key));
  for (const record of ofThem) await forgetRecord(record);
  for (const draft of films) await forgetDraft(draft);
  return { selections: ofThem.map((one) => one.id), films: films.map((one) => one.key) };
}

async function everything(): Promise<[SendingRecord[], Draft[]]> {
  return [await getAll<SendingRecord>('sendings'), await getAll<Draft>('drafts')];
}

async function forgetRecord(record: SendingRecord): Promise<void> {
  await remove('sendings', record.id);
  await forgetFilm(record.id);
  if (!isStorageBlocked()) await Promise.all(record.parts.map((part) => part.cut && discardCut(part.cut)));
}
