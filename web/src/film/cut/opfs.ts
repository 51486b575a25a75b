/** Cuts stored sealed in the browser's private file system (OPFS) until the service holds them: published only when complete. */

import { FilmProblem, asFilmProblem } from '../problem';
import type { FileBytes, KeyFinder, SealKey } from '../types';
import { SealedFile, applySeal, newSeal, openSealed } from './sealedFile';

const FINISHED = 'cuts';
const UNFINISHED = 'cuts-unfinished';

/** `move` is in every current browser and not yet in TypeScript's own types. */
interface MovableHandle extends FileSystemFileHandle {
  move?(folder: FileSystemDirectoryHandle, name: string): Promise<void>;
}

/** Only workers may write this way, so TypeScript's types of a page lack it. */
interface SyncAccess {
  write(data: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  flush(): void;
  close(): void;
}

interface WritableHandle extends FileSystemFileHandle {
  createSyncAccessHandle(): Promise<SyncAccess>;
}

async function folder(name: string): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle(name, { create: true });
}

/** A file being written, in a worker; publish() gives it its name once complete, discard() removes it. */
export class PartialCut {
  #open = true;

  private constructor(
    private readonly handle: FileSystemFileHandle,
    private readonly access: SyncAccess,
    private readonly release: () => void,
    private readonly key: CryptoKey,
    private readonly headBytes: number,
  ) {}

  static async create(by: SealKey): Promise<PartialCut> {
    const name = crypto.randomUUID();
    const release = await holdLock(name);
    try {
      const handle = await (await folder(UNFINISHED)).getFileHandle(name, { create: true });
      const access = await (handle as WritableHandle).createSyncAccessHandle();
      const { head, key } = await newSeal(by);
      const partial = new PartialCut(handle, access, release, key, head.length);
      partial.#store(head, 0);
      return partial;
    } catch (error) {
      release();
      throw error;
    }
  }

  async write(data: Uint8Array<ArrayBuffer>, position: number): Promise<void> {
    this.#store(await applySeal(this.key, data, position), this.headBytes + position);
  }

  #store(data: Uint8Array<ArrayBuffer>, position: number): void {
    const written = this.access.write(data, { at: position });
    if (written !== data.byteLength) throw new FilmProblem('no_space', `${written} of ${data.byteLength} bytes written`);
  }

  /** The bytes so far, no longer to be written. */
  async close(): Promise<FileBytes> {
    this.#close();
    return new SealedFile(await this.handle.getFile(), this.key, this.headBytes);
  }

  /** Publishes the file as the finished cut `name`, in place of an older one. */
  async publish(name: string): Promise<void> {
    const finished = await folder(FINISHED);
    const movable = this.handle as MovableHandle;
    if (movable.move) {
      await finished.removeEntry(name).catch(ignoreMissing);
      await movable.move(finished, name);
      this.release();
      return;
    }
    const copy = await finished.getFileHandle(name, { create: true });
    await (await this.handle.getFile()).stream().pipeTo(await copy.createWritable());
    await this.discard();
  }

  async discard(): Promise<void> {
    this.#close();
    await (await folder(UNFINISHED)).removeEntry(this.handle.name).catch(ignoreMissing);
    this.release();
  }

  #close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.access.flush();
    this.access.close();
  }
}

/** The cut of that name. Throws FilmProblem cut_gone, also where `keyOf` has not the key that opens it; and what that throws. */
export async function cutFile(name: string, keyOf: KeyFinder): Promise<FileBytes> {
  let stored: Blob;
  try {
    stored = await (await (await folder(FINISHED)).getFileHandle(name)).getFile();
  } catch (error) {
    throw asFilmProblem(error, 'cut_gone', 'cut_gone');
  }
  const opened = await openSealed(stored, keyOf);
  if (!opened) throw new FilmProblem('cut_gone', 'sealed with a key that the service no longer has');
  return opened;
}

/** Forgets the cut of that name, if there is one. */
export async function discardCut(name: string): Promise<void> {
  await (await folder(FINISHED)).removeEntry(name).catch(ignoreMissing);
}

/** The names of all finished cuts kept in this browser; also sweeps away what crashed tabs left unfinished. */
export async function listCuts(): Promise<string[]> {
  const unfinished = await folder(UNFINISHED);
  const left: string[] = [];
  for await (const name of unfinished.keys()) left.push(name);
  for (const name of left) {
    await navigator.locks.request(lockOf(name), { ifAvailable: true }, async (lock) => {
      if (lock) await unfinished.removeEntry(name).catch(ignoreMissing);
    });
  }
  const names: string[] = [];
  for await (const name of (await folder(FINISHED)).keys()) names.push(name);
  return names.sort();
}

/** Tells every tab that this file is being worked on; the browser takes it back when the worker dies. */
async function holdLock(name: string): Promise<() => void> {
  return new Promise((held, failed) => {
    const hold = (): Promise<void> => new Promise((release) => held(release));
    navigator.locks.request(lockOf(name), hold).catch(failed);
  });
}

function lockOf(name: string): string {
  return `cut ${name}`;
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && error.name === 'NotFoundError')) throw error;
}
