/** IndexedDB of the page: drafts, sendings, and handles of films that are sent whole. */

import { signIn } from '../api/client.svelte';
import { isStorageBlocked } from '../ui/storage';

const STORES = ['drafts', 'sendings', 'films'] as const;
const VERSION = 2;

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

export async function put(store: StoreName, key: string, value: object): Promise<void> {
  if (!signIn.isKeeping) return; // what is being erased stays erased
  if (isStorageBlocked()) {
    untilLeft.get(store)?.set(key, value);
    return;
  }
  const own = await mine(key);
  await run(store, 'readwrite', (on) => on.put(value, own || key));
  if (own) await run(store, 'readwrite', (on) => on.delete(key));
}

export async function remove(store: StoreName, key: string): Promise<void> {
  if (isStorageBlocked()) {
    untilLeft.get(store)?.delete(key);
    return;
  }
  const own = await mine(key);
  if (own) await run(store, 'readwrite', (on) => on.delete(own));
  await run(store, 'readwrite', (on) => on.delete(key));
}

export async function get<T>(store: StoreName, key: string): Promise<T | undefined> {
  if (isStorageBlocked()) return untilLeft.get(store)?.get(key) as T | undefined;
  const own = await mine(key);
  const found = own ? await run<T | undefined>(store, 'readonly', (on) => on.get(own)) : undefined;
  return found ?? run<T | undefined>(store, 'readonly', (on) => on.get(key));
}

export async function getAll<T>(store: StoreName): Promise<T[]> {
  if (isStorageBlocked()) return [...(untilLeft.get(store)?.values() ?? [])] as T[];
  const owner = await signIn.owner();
  return (await entries<T>(store)).filter(([key]) => isOf(owner, key)).map(([, value]) => value);
}

/** Also what others who use this browser have there, which nobody but them is to see. */
export async function getAllOfEverybody<T>(store: StoreName): Promise<T[]> {
  return isStorageBlocked() ? getAll<T>(store) : (await entries<T>(store)).map(([, value]) => value);
}

/** Erases what is shown to the person who is signed in. */
export async function eraseMine(): Promise<void> {
  const owner = await signIn.owner();
  if (isStorageBlocked()) return;
  for (const store of STORES) {
    for (const [key] of await entries(store)) if (isOf(owner, key)) await run(store, 'readwrite', (on) => on.delete(key));
  }
}

async function entries<T>(store: StoreName): Promise<[IDBValidKey, T][]> {
  const keys = await run<IDBValidKey[]>(store, 'readonly', (on) => on.getAllKeys());
  const values = await Promise.all(keys.map((key) => run<T>(store, 'readonly', (on) => on.get(key))));
  return keys.map((key, n) => [key, values[n] as T]);
}
