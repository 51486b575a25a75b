/** What this browser keeps that the service does not have, and erasing it before a computer goes to somebody else. */

import { signIn } from '../api/client.svelte';
import { eraseMine, getAll, whatIsKept } from '../desk/browserDatabase';
import type { Draft } from '../desk/marks';
import { discardCut } from '../film/cut/opfs';
import type { SendingRecord } from '../sending/sendingRecord';
import { count, size } from '../ui/format';
import { isStorageBlocked, local } from '../ui/storage';

/** Names in `localStorage` that tell who worked here and not how the page looks. */
const OF_A_PERSON = ['vigpack.guider', 'vigpack.account'];

export interface Kept {
  /** What would be lost, one line each. */
  readonly unsent: string[];
  /** Whether anything of a family is in this browser at all. */
  readonly isAnything: boolean;
}

export async function findKept(): Promise<Kept> {
  const sendings = await getAll<SendingRecord>('sendings');
  const drafts = (await getAll<Draft>('drafts')).filter((draft) => draft.marks.length > 0 || draft.details.family.trim());
  const sent = new Set(sendings.map((one) => one.filmKey));
  const unsent = sendings.flatMap((one) => {
    const left = one.parts.filter((part) => !part.done);
    const bytes = left.reduce((sum, part) => sum + part.bytes, 0);
    return left.length ? [`${one.family}, cycle ${one.cycle}: ${size(bytes)} not sent yet`] : [];
  });
  for (const draft of drafts.filter((one) => one.marks.length && !sent.has(one.key))) {
    unsent.push(`${draft.details.family || 'A film without a family code'}: ${count(draft.marks.length, ['# moment', '# moments'])} marked and not sent`);
  }
  return { unsent, isAnything: drafts.length > 0 || sendings.length > 0 };
}

/** Whether somebody else has left something in this browser. */
export async function isSharedWithOthers(): Promise<boolean> {
  const [mine, all] = await Promise.all([whatIsKept(await signIn.owner()), whatIsKept(null)]);
  return all.count > mine.count;
}

/** Erases marks, words, cuts and lists of the person who is signed in. */
export async function eraseKept(): Promise<void> {
  const { cuts } = await whatIsKept(await signIn.owner());
  await eraseMine();
  if (!isStorageBlocked()) await Promise.all(cuts.map(discardCut));
  for (const name of OF_A_PERSON) local.removeItem(name);
}
