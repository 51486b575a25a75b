/**
 * Seconds of a film in which somebody is to be covered before they leave this computer.
 *
 * They belong to the film and not to its marks: a tab that was opened before, other ends and a moment that was removed
 * change nothing of them. Only saying so takes them away.
 */

import type { CoverMark, Span } from '../film';
import { serialQueue } from '../film/serialQueue';
import { isStorageBlocked } from '../ui/storage';
import { get, getAll, put, remove } from './browserDatabase';
import type { SendingRecord } from '../sending/sendingRecord';

export interface Stretch extends Span {
  /** The moment for which it was said. */
  readonly id: string;
  /** What is to be covered on its pictures, by the times at which she said so. */
  readonly marks: readonly CoverMark[];
  /** Whether it is to be made so; with other marks it is asked anew. */
  readonly asked: boolean;
  /** The covered cut of which she has looked at every picture, and the stretches that she then knew of. */
  readonly looked: { readonly cut: string; readonly knew: readonly string[] } | null;
}

/** What would leave: the film's seconds that it holds, null where that is not known or all of it, and the stretches that are covered in it. */
export interface Held {
  readonly holds: Span | null;
  readonly looked: readonly string[];
}

interface Kept {
  readonly stretches: readonly Stretch[];
}

/** The stretches for which this may not leave. */
export function heldBackBy({ holds, looked }: Held, stretches: readonly Stretch[]): Stretch[] {
  return stretches.filter((one) => !looked.includes(one.id) && (!holds || (holds.fromMs < one.toMs && one.fromMs < holds.toMs)));
}

const CHANNEL = 'vigpack-covering';
const queues = new Map<string, ReturnType<typeof serialQueue>>();
/** What is being written is waited for by everybody who asks. */
function inTurn<T>(filmKey: string, work: () => Promise<T>): Promise<T> {
  const queue = queues.get(filmKey) ?? serialQueue();
  queues.set(filmKey, queue);
  return queue(work);
}

const read = async (filmKey: string): Promise<readonly Stretch[]> => (await get<Kept>('covering', filmKey))?.stretches ?? [];

/** Of the film of that key, as any tab said last. Throws ApiError where the service gives no key to open them. */
export function stretchesOf(filmKey: string): Promise<readonly Stretch[]> {
  return inTurn(filmKey, () => read(filmKey));
}

/** Changes them in turn with other tabs, and tells those. Throws ApiError. */
export async function changeStretches(filmKey: string, change: (now: readonly Stretch[]) => readonly Stretch[]): Promise<readonly Stretch[]> {
  const act = async (): Promise<readonly Stretch[]> => {
    const stretches = change(await read(filmKey));
    await put('covering', filmKey, { stretches });
    return stretches;
  };
  const alone = async (): Promise<readonly Stretch[]> => (isStorageBlocked() ? act() : navigator.locks.request(`${CHANNEL}-${filmKey}`, {}, act));
  const stretches = await inTurn(filmKey, alone);
  if (!isStorageBlocked() && 'BroadcastChannel' in globalThis) {
    const channel = new BroadcastChannel(CHANNEL);
    channel.postMessage(filmKey);
    channel.close();
  }
  return stretches;
}

/** Calls `act` when another tab has changed those of a film; returns what ends that. */
export function onChangedElsewhere(filmKey: string, act: () => void): () => void {
  if (isStorageBlocked() || !('BroadcastChannel' in globalThis)) return () => undefined;
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = ({ data }) => data === filmKey && act();
  return () => channel.close();
}

/** Forgets them with the marks, but not while something of the film is still being sent. */
export async function forgetStretches(filmKey: string): Promise<void> {
  const sendings = await getAll<SendingRecord>('sendings');
  if (sendings.some((one) => one.filmKey === filmKey && one.parts.some((part) => !part.done))) return;
  await inTurn(filmKey, () => remove('covering', filmKey));
}
