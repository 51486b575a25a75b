/**
 * Where a film lies on this computer, as the browser itself remembers it: a film that travels whole need not be chosen
 * again after a reload. Browsers without this (Firefox, Safari) ask for the film as before.
 */

import { filmKey } from './desk.svelte';
import { find, forget, keep } from './browserDatabase';

/** In Chromium's browsers and not yet in TypeScript's own types. */
interface FilmHandle extends FileSystemFileHandle {
  queryPermission(options: { mode: 'read' }): Promise<PermissionState>;
  requestPermission(options: { mode: 'read' }): Promise<PermissionState>;
}

interface Picker {
  showOpenFilePicker?(options: { types: object[] }): Promise<FileSystemFileHandle[]>;
}

interface DroppedItem extends DataTransferItem {
  getAsFileSystemHandle?(): Promise<FileSystemHandle | null>;
}

const TYPES = [
  {
    description: 'Films and recordings',
    accept: {
      'video/*': ['.mp4', '.mov', '.m4v', '.webm', '.mkv', '.mts', '.ts', '.3gp'],
      'audio/*': ['.m4a', '.mp3', '.wav', '.ogg', '.oga', '.opus', '.flac', '.aac'],
    },
  },
];
const handles = new WeakMap<File, FileSystemFileHandle>();

export const canPick = (): boolean => 'showOpenFilePicker' in window;

/** The film that a person picks, of which the browser remembers where it lies; null where none was picked. */
export async function pickFilm(): Promise<File | null> {
  try {
    const [handle] = (await (window as Picker).showOpenFilePicker?.({ types: TYPES })) ?? [];
    if (!handle) return null;
    const file = await handle.getFile();
    handles.set(file, handle);
    return file;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return null;
    throw error;
  }
}

/** The film that was dropped; call it while the event is being handled, for only then can it be asked where it lies. */
export function droppedFilm(event: DragEvent): File | null {
  const item = event.dataTransfer?.items[0] as DroppedItem | undefined;
  const file = event.dataTransfer?.files[0];
  if (!file) return null;
  void item?.getAsFileSystemHandle?.().then((handle) => {
    if (handle?.kind === 'file') handles.set(file, handle as FileSystemFileHandle);
  }, () => undefined);
  return file;
}

/** Keeps where a film lies until its sending is done; nothing where the browser does not tell. */
export async function rememberFilm(sending: string, file: File): Promise<void> {
  const handle = handles.get(file);
  if (handle) await keep('films', sending, handle);
}

export async function forgetFilm(sending: string): Promise<void> {
  await forget('films', sending);
}

/**
 * The film of a sending that goes on: itself; 'ask' where the browser wants the person's consent first; null where it is
 * not known, was moved, or is another one by now. With `asking`, after a click, the browser asks.
 */
export async function filmAgain(sending: string, key: string, asking = false): Promise<File | 'ask' | null> {
  const handle = await find<FilmHandle>('films', sending);
  if (!handle?.queryPermission) return null;
  let allowed = await handle.queryPermission({ mode: 'read' });
  if (allowed === 'prompt' && !asking) return 'ask';
  if (allowed === 'prompt') allowed = await handle.requestPermission({ mode: 'read' });
  if (allowed !== 'granted') return null;
  const file = await handle.getFile().catch(() => null);
  return file && (await filmKey(file)) === key ? file : null;
}
