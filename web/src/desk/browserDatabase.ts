/** IndexedDB of the page: drafts, sendings and where somebody is to be covered, which are sealed, and handles of films that are sent whole. */

import { ApiError, NOT_REACHED, signIn } from '../api/client.svelte';
import { accountKey, draftKey, forgetDraftKeys, isAccountKey, keyOf, type FilmSent } from '../api/storageKeys';
import { serialQueue } from '../film/serialQueue';
import type { SendingRecord } from '../sending/sendingRecord';
import { isStorageBlocked } from '../ui/storage';
import type { Draft } from './marks';
import { isSealed, openEntry, sealEntry, type SealedEntry } from './sealedEntry';

const STORES = ['drafts', 'sendings', 'films', 'covering'] as const;
const VERSION = 3;
/** So long what was kept may take to be opened, while the guider waits for it. */
const UNANSWERED_MS = 5000;

export type StoreName = (typeof STORES)[number];

let opened: Promise<IDBDatabase> | undefined;

/** Where the browser keeps nothing for this page: what the page itself holds until it is left. */
const untilLeft = new Map<StoreName, Map<string, unknown>>(STORES.map((name) => [name, new Map()]));

function open(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open('vigpack', VERSION);
    request.onupgradeneeded = () => {
      const base = request.result;
      for (const name of STORES) if (!base.objectStoreNames.contains(name)) base.createObjectStore(name);
    };
    request.onsuccess = () => {
      request.result.onversionchange = () => request.result.close();
      request.result.onclose = () => (opened = undefined); // the browser has cleared the site's data
      resolve(request.result);
    };
    request.onerror = () => reject(request.error ?? new Error('IndexedDB does not open'));
  });
  return opened;
}

async function run<T>(store: StoreName, mode: IDBTransactionMode, act: (on: IDBObjectStore) => IDBRequest): Promise<T> {
  const base = await open();
  return new Promise<T>((resolve, reject) => {
    const transaction = base.transaction(store, mode, { durability: mode === 'readwrite' ? 'strict' : 'default' });
    const request = act(transaction.objectStore(store));
    transaction.oncomplete = () => resolve(request.result as T);
    transaction.onerror = () => reject(transaction.error ?? new Error(`IndexedDB: ${store}`));
    transaction.onabort = () => {
      opened = undefined; // it may have been closed below this
      reject(transaction.error ?? new Error(`IndexedDB: ${store}`));
    };
  });
}

/**
 * Each person's things lie apart, under their account. What lies under none is everybody's: on a machine of one person,
 * with a shared account, and from before people had accounts of their own.
 */
async function mine(key: string): Promise<string> {
  const owner = await signIn.owner();
  return owner && `${owner}/${key}`;
}

const isOf = (owner: string, key: IDBValidKey): boolean => !String(key).includes('/') || (owner !== '' && String(key).startsWith(`${owner}/`));

/** What is written to one place is written in the order it was asked for, though sealing takes its time. */
const queues = new Map<string, ReturnType<typeof serialQueue>>();
function inTurn<T>(store: StoreName, key: string, work: () => Promise<T>): Promise<T> {
  const name = `${store}/${key}`;
  const queue = queues.get(name) ?? serialQueue();
  queues.set(name, queue);
  return queue(work);
}

/** Waits for the service where its key was not given yet; a browser's handle of a film cannot be sealed, and tells its name. */
export async function put(store: StoreName, key: string, value: object): Promise<void> {
  if (!signIn.isKeeping) return; // what is being erased stays erased
  if (isStorageBlocked()) {
    untilLeft.get(store)?.set(key, value);
    return;
  }
  await inTurn(store, key, async () => {
    const own = await mine(key);
    const place = own || key;
    const stored = store === 'films' ? value : await sealFor(store, place, value);
    if (!signIn.isKeeping) return;
    await run(store, 'readwrite', (on) => on.put(stored, place));
    if (own) await run(store, 'readwrite', (on) => on.delete(key));
  });
}

export async function remove(store: StoreName, key: string): Promise<void> {
  forgetDraftKeys();
  if (isStorageBlocked()) {
    untilLeft.get(store)?.delete(key);
    return;
  }
  await inTurn(store, key, async () => {
    const own = await mine(key);
    if (own) await run(store, 'readwrite', (on) => on.delete(own));
    await run(store, 'readwrite', (on) => on.delete(key));
  });
}

/** Throws ApiError where there is something and the service gives no key to open it, so that nobody begins anew over it. */
export async function get<T>(store: StoreName, key: string): Promise<T | undefined> {
  if (isStorageBlocked()) return untilLeft.get(store)?.get(key) as T | undefined;
  const own = await mine(key);
  for (const place of own ? [own, key] : [key]) {
    const found = await run<unknown>(store, 'readonly', (on) => on.get(place));
    if (found === undefined) continue;
    const late = new Promise<never>((_, reject) => setTimeout(() => reject(new ApiError(0, 'not_reached', NOT_REACHED)), UNANSWERED_MS));
    return Promise.race([readable<T>(store, place, found), late]);
  }
  return undefined;
}

/** Those that can be opened. Waits for the service where its key was not given yet. */
export async function getAll<T>(store: StoreName): Promise<T[]> {
  if (isStorageBlocked()) return [...(untilLeft.get(store)?.values() ?? [])] as T[];
  const owner = await signIn.owner();
  const found = (await entries(store)).filter(([place]) => isOf(owner, place));
  const all = await Promise.all(found.map(([place, value]) => readable<T>(store, String(place), value)));
  return all.filter((one) => one !== undefined);
}

async function readable<T>(store: StoreName, place: string, value: unknown): Promise<T | undefined> {
  if (!isSealed(value)) return value as T;
  const by = await keyOf(value.by);
  if (by === null) await removeDestroyed(store, place, value.by);
  return by ? openEntry<T>(value, by, `${store}/${place}`) : undefined;
}

/** What nobody can read any more goes, unless another tab has written there meanwhile. */
async function removeDestroyed(store: StoreName, place: string, by: string): Promise<void> {
  const newest = await run<unknown>(store, 'readonly', (on) => on.get(place));
  if (isSealed(newest) && newest.by === by) await run(store, 'readwrite', (on) => on.delete(place));
}

async function sealFor(store: StoreName, place: string, value: object): Promise<SealedEntry> {
  const ofEverybody = !place.includes('/');
  // Where somebody is to be covered outlives what was sent: it has times alone, and only saying so takes it away.
  const by = store === 'covering' ? await accountKey(ofEverybody) : await draftKey(filmOf(place, value), ofEverybody);
  return sealEntry(value, by, `${store}/${place}`, cutsIn(value));
}

/** Of which film it is, and what was sent of it. */
function filmOf(place: string, value: object): FilmSent {
  const { key, filmKey, id, sent } = value as Partial<Draft & SendingRecord>;
  return { film: filmKey ?? key ?? place.split('/').pop()!, sent: filmKey && id ? [id] : (sent ?? []) };
}

/** Of how many drafts and sendings this browser knows, and the names of the cuts that belong to them; `owner` null: anybody's. */
export async function whatIsKept(owner: string | null): Promise<{ count: number; cuts: string[] }> {
  if (isStorageBlocked()) return { count: (untilLeft.get('drafts')?.size ?? 0) + (untilLeft.get('sendings')?.size ?? 0), cuts: [] };
  const all = [...(await entries('drafts')), ...(await entries('sendings'))].filter(([place]) => owner === null || isOf(owner, place));
  return { count: all.length, cuts: all.flatMap(([, value]) => (isSealed(value) ? value.cuts : cutsIn(value as object))) };
}

/** Seals what an earlier version of the page left plain, or while no key of its film was at hand, and drops drafts of anybody's that are older than `longestMs`. */
export async function sealOlder(longestMs: number): Promise<void> {
  if (isStorageBlocked()) return;
  const owner = await signIn.owner();
  const isOld = async (store: StoreName, place: IDBValidKey, at: number): Promise<boolean> => {
    if (store === 'sendings' || Date.now() - at <= longestMs) return false;
    // As long as the marks of a film are kept, so is where somebody is to be covered in it.
    return store === 'drafts' || (await run<unknown>('drafts', 'readonly', (on) => on.get(place))) === undefined;
  };
  for (const store of ['drafts', 'sendings', 'covering'] as const) {
    for (const [place, value] of await entries(store)) {
      const key = String(place);
      if (isSealed(value) && (await isOld(store, place, value.at))) await run(store, 'readwrite', (on) => on.delete(place));
      else if (isOf(owner, place) && !(isSealed(value) && (store === 'covering' || !isAccountKey(value.by)))) {
        const plain = await readable<object>(store, key, value);
        if (!plain) continue;
        const sealed = { ...(await sealFor(store, key, plain)), ...(isSealed(value) ? { at: value.at } : {}) };
        // Not where another tab has written there meanwhile.
        const newest = await run<unknown>(store, 'readonly', (on) => on.get(place));
        if (JSON.stringify(newest) === JSON.stringify(value)) await run(store, 'readwrite', (on) => on.put(sealed, place));
      }
    }
  }
}

/** Erases what is shown to the person who is signed in. */
export async function eraseMine(): Promise<void> {
  const owner = await signIn.owner();
  if (isStorageBlocked()) return;
  for (const store of STORES) {
    for (const [key] of await entries(store)) if (isOf(owner, key)) await run(store, 'readwrite', (on) => on.delete(key));
  }
}

function cutsIn(value: object): string[] {
  const { cuts, parts } = value as { cuts?: Draft['cuts']; parts?: SendingRecord['parts'] };
  return [...(cuts ?? []).map(({ cut }) => cut.name), ...(parts ?? []).flatMap((part) => part.cut ?? [])];
}

async function entries(store: StoreName): Promise<[IDBValidKey, unknown][]> {
  const keys = await run<IDBValidKey[]>(store, 'readonly', (on) => on.getAllKeys());
  const values = await Promise.all(keys.map((key) => run<unknown>(store, 'readonly', (on) => on.get(key))));
  return keys.map((key, n) => [key, values[n]]);
}
