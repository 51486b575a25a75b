/** What jsdom lacks of a browser and the page's state needs: IndexedDB, the private file system, and locks. */

import 'fake-indexeddb/auto';

import { forgetKeys } from '../api/storageKeys';

class MemoryFile {
  constructor(readonly file: File) {}
  getFile = (): Promise<File> => Promise.resolve(this.file);
}

const missing = (name: string): Error => Object.assign(new Error(name), { name: 'NotFoundError' });

class MemoryFolder {
  readonly entries = new Map<string, MemoryFile | MemoryFolder>();

  getDirectoryHandle(name: string): Promise<MemoryFolder> {
    const found = this.entries.get(name) ?? new MemoryFolder();
    this.entries.set(name, found);
    return Promise.resolve(found as MemoryFolder);
  }

  getFileHandle(name: string): Promise<MemoryFile> {
    const found = this.entries.get(name);
    return found ? Promise.resolve(found as MemoryFile) : Promise.reject(missing(name));
  }

  removeEntry(name: string): Promise<void> {
    return this.entries.delete(name) ? Promise.resolve() : Promise.reject(missing(name));
  }

  async *keys(): AsyncGenerator<string> {
    yield* this.entries.keys();
  }
}

let root = new MemoryFolder();
interface Held {
  done: Promise<unknown>;
  takeAway: () => void;
}
const held = new Map<string, Held>();
const aborted = (): DOMException => new DOMException('the lock was taken away', 'AbortError');

/** Exclusive locks in the order asked for; `ifAvailable` gives null at once where one is held, `steal` takes it away. */
async function request(name: string, options: LockOptions, act: (lock: object | null) => Promise<unknown>): Promise<unknown> {
  const before = held.get(name);
  if (before && options.ifAvailable) return act(null);
  if (options.steal) before?.takeAway();
  let takeAway = (): void => undefined;
  const taken = new Promise<never>((_, reject) => (takeAway = () => reject(aborted())));
  const given = new Promise<never>((_, reject) => {
    options.signal?.addEventListener('abort', () => reject(aborted()), { once: true });
  });
  given.catch(() => undefined);
  taken.catch(() => undefined);
  const wait = options.steal ? undefined : before?.done.catch(() => undefined);
  let isHolder = false;
  const acting = (async () => {
    if (wait) await Promise.race([wait, given]);
    options.signal?.throwIfAborted();
    isHolder = true;
    return Promise.race([act({ name }), taken]);
  })();
  // Who gives up while waiting lets those behind wait for who was before.
  const turn: Held = { done: acting.catch(() => undefined).then(() => wait), takeAway: () => (takeAway(), before?.takeAway()) };
  held.set(name, turn);
  try {
    return await acting;
  } finally {
    if (held.get(name) === turn) {
      if (before && !isHolder) held.set(name, before);
      else held.delete(name);
    }
  }
}

/** A browser that has kept nothing yet. */
export async function newBrowser(): Promise<void> {
  await clearDatabase();
  forgetKeys();
  root = new MemoryFolder();
  held.clear();
  localStorage.clear();
  sessionStorage.clear();
  Object.assign(navigator, { storage: { getDirectory: () => Promise.resolve(root), persist: () => Promise.resolve(true) }, locks: { request } });
}

/** The page keeps its connection open, so the stores are emptied and not thrown away. */
function clearDatabase(): Promise<void> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open('vigpack');
    opening.onerror = () => reject(opening.error as Error);
    opening.onsuccess = () => {
      const names = [...opening.result.objectStoreNames];
      for (const name of names) opening.result.transaction(name, 'readwrite').objectStore(name).clear();
      opening.result.close(); // once those are done
      resolve();
    };
  });
}

/** Puts a finished cut where the worker would have put it. */
export async function addCut(name: string, bytes: number): Promise<void> {
  const folder = await root.getDirectoryHandle('cuts');
  folder.entries.set(name, new MemoryFile(new File([new Uint8Array(bytes).fill(7)], name)));
}

export async function cutNames(): Promise<string[]> {
  return [...(await root.getDirectoryHandle('cuts')).entries.keys()];
}
