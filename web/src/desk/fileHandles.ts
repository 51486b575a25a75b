/**
 * File handles of films (File System Access API): a film that is sent whole need not be chosen
 * again after a reload. In browsers without it (Firefox, Safari) the guider chooses the film again.
 */

import { filmKey } from './filmKey';
import { get, put, remove } from './browserDatabase';

/** In Chromium's browsers and not yet in TypeScript's own types. */
interface FilmHandle extends FileSystemFileHandle {
  queryPermission(options: { mode: 'read' }): Promise<PermissionState>;
  requestPermission(options: { mode: 'read' }): Promise<PermissionState>;
}

interface Picker {
  showOpenFilePicker?(options: { id: string; types: object[] }): Promise<FileSystemFileHandle[]>;
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
/** By this the browser opens its window where the last film was chosen. */
const PLACE = 'films';
const handles = new WeakMap<File, FileSystemFileHandle>();

export const canPick = (): boolean => 'showOpenFilePicker' in window;

/** The film chosen in the browser's picker, with its handle; null where it was cancelled. */
export async function pickFilm(): Promise<File | null> {
  try {
    const [handle] = (await (window as Picker).showOpenFilePicker?.({ id: PLACE, types: TYPES })) ?? [];
    if (!handle) return null;
    const file = await handle.getFile();
    handles.set(file, handle);
    return file;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return null;
    throw error;
  }
}

/** The dropped film; call it synchronously in the event handler, because the handle is available only then. */
export function droppedFilm(event: DragEvent): File | null {
  const item = event.dataTransfer?.items[0] as DroppedItem | undefined;
  const file = event.dataTransfer?.files[0];
  if (!file) return null;
  void item?.getAsFileSystemHandle?.().then((handle) => {
    if (handle?.kind === 'file') handles.set(file, handle as FileSystemFileHandle);
  }, () => undefined);
  return file;
}

/** Stores a film's handle until its sending is done; does nothing where there is none. */
export async function rememberFilm(sending: string, file: File): Promise<void> {
  const handle = handles.get(file);
  if (handle) await put('films', sending, handle);
}

export async function forgetFilm(sending: string): Promise<void> {
  await remove('films', sending);
}

/**
 * The film of a resumed sending; 'ask' where the browser needs the guider's permission first; null where it is
 * unknown, was moved or has changed. With `asking`, which needs a click, the browser prompts.
 */
export async function reopenFilm(sending: string, key: string, asking = false): Promise<File | 'ask' | null> {
  const handle = await get<FilmHandle>('films', sending);
  if (!handle?.queryPermission) return null;
  let allowed = await handle.queryPermission({ mode: 'read' });
  if (allowed === 'prompt' && !asking) return 'ask';
  if (allowed === 'prompt') allowed = await handle.requestPermission({ mode: 'read' });
  if (allowed !== 'granted') return null;
  const file = await handle.getFile().catch(() => null);
  return file && (await filmKey(file)) === key ? file : null;
}
