/** What this browser remembers between visits: drafts of marks, sendings under way, where films lie that travel whole. */

const SHELVES = ['drafts', 'sendings', 'films'] as const;
const VERSION = 2;

export type Shelf = (typeof SHELVES)[number];

let opened: Promise<IDBDatabase> | undefined;

function open(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open('vigpack', VERSION);
    request.onupgradeneeded = () => {
      const base = request.result;
      for (const name of SHELVES) if (!base.objectStoreNames.contains(name)) base.createObjectStore(name);
    };
    request.onsuccess = () => {
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
    request.onerror = () => reject(request.error ?? new Error('IndexedDB does not open'));
  });
  return opened;
}

async function run<T>(shelf: Shelf, mode: IDBTransactionMode, act: (on: IDBObjectStore) => IDBRequest): Promise<T> {
  const base = await open();
  return new Promise<T>((resolve, reject) => {
    const transaction = base.transaction(shelf, mode, { durability: mode === 'readwrite' ? 'strict' : 'default' });
    const request = act(transaction.objectStore(shelf));
    transaction.oncomplete = () => resolve(request.result as T);
    transaction.onerror = () => reject(transaction.error ?? new Error(`IndexedDB: ${shelf}`));
    transaction.onabort = transaction.onerror;
  });
}

export async function keep(shelf: Shelf, key: string, value: object): Promise<void> {
  await run(shelf, 'readwrite', (on) => on.put(value, key));
}

export async function forget(shelf: Shelf, key: string): Promise<void> {
  await run(shelf, 'readwrite', (on) => on.delete(key));
}

export async function find<T>(shelf: Shelf, key: string): Promise<T | undefined> {
  return run<T | undefined>(shelf, 'readonly', (on) => on.get(key));
}

export async function all<T>(shelf: Shelf): Promise<T[]> {
  return run<T[]>(shelf, 'readonly', (on) => on.getAll());
}
