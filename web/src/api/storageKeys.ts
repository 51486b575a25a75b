/**
 * The keys that seal what this browser keeps. The service gives them to who is signed in and only this page's memory
 * holds them, so somebody who has the browser's folder and cannot sign in reads none of it. What is kept of a film has
 * a key of its own, which the service destroys with what was sent of it: then nobody reads it any more.
 */

import type { SealKey } from '../film/types';
import { api, ApiError, dataOf, signIn } from './client.svelte';
import { sleep } from './sleep';

const MAX_BACKOFF_MS = 15_000;
const ID_BYTES = 4;
const DRAFT_ID_BITS = 128;
/** So long one waits for a film's own key before its marks are sealed by the account's. */
const UNREACHED_MS = 3000;
/** After so long it is asked again whether a film's key still stands. */
const ASK_AGAIN_MS = 60_000;
/** As many as the service is asked for at once. */
const MOST_ASKED = 200;
const { signal: UNTIL_LEFT } = new AbortController();

interface StorageKeys {
  readonly own: SealKey[];
  readonly everybody: SealKey[];
}

/** What is known of a film: by what its draft is found, and the selections that were sent of it. */
export interface FilmSent {
  readonly film: string;
  readonly sent: readonly string[];
}

let asked: Promise<StorageKeys> | undefined;
const drafts = new Map<string, { key: Promise<SealKey>; at: number }>();
/** The newest of each film, for while the service is not reached. */
const newest = new Map<string, SealKey>();
const opened = new Map<string, Promise<SealKey | null | undefined>>();
let wanted: { ids: string[]; answer: Promise<Map<string, SealKey | null>> } | undefined;

/** The key for what is kept of a film: its own, or, where it was not given before the service could not be reached, the account's. Waits for that. Throws ApiError. */
export async function draftKey(of: FilmSent, ofEverybody: boolean): Promise<SealKey> {
  const account = await accountKey(ofEverybody);
  const name = JSON.stringify([of.film, of.sent, account.id]);
  let there = drafts.get(name);
  if (!there || Date.now() - there.at > ASK_AGAIN_MS) {
    there = { key: askForDraft(of, account, ofEverybody), at: Date.now() };
    drafts.set(name, there);
    there.key.then((key) => newest.set(of.film + account.id, key), () => drafts.delete(name));
  }
  const atHand = (): SealKey => newest.get(of.film + account.id) ?? account;
  const late = new Promise<SealKey>((resolve) => setTimeout(() => resolve(atHand()), UNREACHED_MS));
  try {
    return await Promise.race([there.key, late]);
  } catch (error) {
    if (error instanceof ApiError && error.retryable) return atHand();
    throw error;
  }
}

/** The account's, or one that all who use the installation have. Waits for the service. Throws ApiError. */
export async function accountKey(ofEverybody: boolean): Promise<SealKey> {
  const { own, everybody } = await storageKeys();
  return (ofEverybody ? everybody : own)[0]!;
}

/** The key for cuts of a film that are made now. Throws as draftKey(). */
export async function cutKey(of: FilmSent): Promise<SealKey> {
  return draftKey(of, !(await signIn.owner()));
}

/** The one with that id; null where it was destroyed with all that was sent, undefined where it is not theirs. Waits for the service. Throws ApiError. */
export async function keyOf(id: string): Promise<SealKey | null | undefined> {
  const { own, everybody } = await storageKeys();
  const account = [...own, ...everybody].find((one) => one.id === id);
  if (account || isAccountKey(id)) return account;
  const found = opened.get(id) ?? findDraftKey(id);
  opened.set(id, found);
  found.then((key) => key ?? opened.delete(id), () => opened.delete(id));
  return found;
}

/** Whether what is sealed by it is not tied to a film. */
export const isAccountKey = (id: string): boolean => id.length === 2 * ID_BYTES;

/** Asks for the account's keys now, so that they are there when something is to be kept. Throws ApiError. */
export async function fetchKeys(): Promise<void> {
  await storageKeys();
}

/** Something was erased, and keys of films may be with it: nothing more is sealed by one that was not asked for anew. */
export function forgetDraftKeys(): void {
  drafts.clear();
  newest.clear();
}

/** For tests: as in a page that was just opened. */
export function forgetKeys(): void {
  asked = undefined;
  opened.clear();
  forgetDraftKeys();
}

function storageKeys(): Promise<StorageKeys> {
  asked ??= askForKeys().catch((error: unknown) => {
    asked = undefined; // what needs one next asks anew
    throw error;
  });
  return asked;
}

async function askForKeys(): Promise<StorageKeys> {
  const { own, everybody } = await keysGiven();
  return { own: await Promise.all(own.map((key) => importKey(key))), everybody: await Promise.all(everybody.map((key) => importKey(key))) };
}

async function keysGiven(): Promise<{ own: string[]; everybody: string[] }> {
  try {
    return await whenReached(() => dataOf(api.GET('/api/v1/session/storage-keys')));
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return { own: [], everybody: [] }; // for those who work with no films
    throw error;
  }
}

/** Waits only where waiting may help: any other refusal is a fault, and is thrown as the service told it. */
async function whenReached<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  for (let failures = 0; ; failures++) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ApiError && error.retryable)) throw error;
      await sleep(Math.min(MAX_BACKOFF_MS, 500 * 2 ** failures), UNTIL_LEFT);
    }
  }
}

/** Where one was destroyed, and the film is marked again, the next one is made. */
async function askForDraft({ film, sent }: FilmSent, account: SealKey, everybody: boolean): Promise<SealKey> {
  for (let nth = 0; ; nth++) {
    const draft_id = await draftId(account, film, nth);
    const { keys, gone } = await dataOf(api.PUT('/api/v1/session/draft-keys/{draft_id}', {
      params: { path: { draft_id } },
      body: { everybody, sent: sent.slice(-MOST_ASKED) },
    }));
    if (keys[draft_id]) return importKey(keys[draft_id], draft_id);
    if (!gone.includes(draft_id)) throw new Error('the key of a draft is another account’s');
  }
}

/** Nobody without the account's key can tell which film it is of. */
async function draftId({ key }: SealKey, film: string, nth: number): Promise<string> {
  const info = new TextEncoder().encode(`vigpack draft ${nth} ${film}`);
  const bits = await crypto.subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info }, key, DRAFT_ID_BITS);
  return hexOf(new Uint8Array(bits));
}

/** All that are wanted at about the same time are asked for at once. */
async function findDraftKey(id: string): Promise<SealKey | null | undefined> {
  if (!wanted || wanted.ids.length === MOST_ASKED) {
    const ids: string[] = [];
    wanted = { ids, answer: sleep(0, UNTIL_LEFT).then(() => findDraftKeys(ids)) };
  }
  wanted.ids.push(id);
  return (await wanted.answer).get(id);
}

async function findDraftKeys(ids: string[]): Promise<Map<string, SealKey | null>> {
  wanted = undefined;
  const { keys, gone } = await whenReached(() => dataOf(api.POST('/api/v1/session/draft-keys', { body: { ids } })));
  const found = new Map<string, SealKey | null>(gone.map((id) => [id, null]));
  for (const [id, said] of Object.entries(keys)) found.set(id, await importKey(said, id));
  return found;
}

/** `id`: of a film's; the account's are called by their own digest. */
async function importKey(said: string, id?: string): Promise<SealKey> {
  const bytes = Uint8Array.from(atob(said), (letter) => letter.charCodeAt(0));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return { id: id ?? hexOf(digest.slice(0, ID_BYTES)), key: await crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveKey', 'deriveBits']) };
}

const hexOf = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
