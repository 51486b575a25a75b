/** IndexedDB of the page: drafts, sendings, and handles of films that are sent whole. */

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
    transaction.onabort = transaction.onerror;
  });
}

export async function put(store: StoreName, key: string, value: object): Promise<void> {
  if (isStorageBlocked()) untilLeft.get(store)?.set(key, value);
  else await run(store, 'readwrite', (on) => on.put(value, key));
}

export async function remove(store: StoreName, key: string): Promise<void> {
  if (isStorageBlocked()) untilLeft.get(store)?.delete(key);
  else await run(store, 'readwrite', (on) => on.delete(key));
}

export async function get<T>(store: StoreName, key: string): Promise<T | undefined> {
  if (isStorageBlocked()) return untilLeft.get(store)?.get(key) as T | undefined;
  return run<T | undefined>(store, 'readonly', (on) => on.get(key));
}

export async function getAll<T>(store: StoreName): Promise<T[]> {
  if (isStorageBlocked()) return [...(untilLeft.get(store)?.values() ?? [])] as T[];
  return run<T[]>(store, 'readonly', (on) => on.getAll());
}
