/** Files of a selection: URLs to show them, and downloads. */

import type { RemoteFilm } from '../film';
import { request, signIn } from '../api/client.svelte';
import { saveFile } from '../ui/saveFile';
import type { ArtifactView, ArtworkView, MomentView, SelectionView } from '../api/types';

const pathOf = (view: SelectionView, file: ArtifactView): string => `/api/v1/selections/${view.id}/artifacts/${file.id}`;

/**
 * A URL for an <img> or <video>, and a function to release it. Where the page holds the secret itself the file is fetched
 * first, because such elements cannot send it. Throws ApiError.
 */
export function showFile(view: SelectionView, file: ArtifactView): Promise<{ url: string; release: () => void }> {
  return showPath(pathOf(view, file));
}

/** The same for a photograph of what the child made. Throws ApiError. */
export function showArtwork(view: SelectionView, made: ArtworkView): Promise<{ url: string; release: () => void }> {
  return showPath(artworkPath(view, made));
}

export const artworkPath = (view: SelectionView, made?: ArtworkView): string => `/api/v1/selections/${view.id}/artwork${made ? `/${made.id}` : ''}`;

/** The same for any other picture or recording of the service. Throws ApiError. */
export async function showPath(path: string): Promise<{ url: string; release: () => void }> {
  if (!signIn.bySecret) return { url: path, release: () => undefined };
  const url = URL.createObjectURL(await (await request(path)).blob());
  return { url, release: () => URL.revokeObjectURL(url) };
}

const sourceOf = (view: SelectionView, moment: MomentView): string => `/api/v1/selections/${view.id}/moments/${moment.id}/source`;

/** What was uploaded for a moment, readable by range requests. */
export function sourceFilm(view: SelectionView, moment: MomentView): RemoteFilm {
  return { url: new URL(sourceOf(view, moment), location.href).href, headers: signIn.headers() };
}

/**
 * The same as a URL to play. It may be a whole film, too large to be fetched; so where the page holds the secret
 * itself, the service is asked for a cookie that lets this browser's player in. Throws ApiError.
 */
export async function showSource(view: SelectionView, moment: MomentView): Promise<string> {
  const url = sourceOf(view, moment);
  if (signIn.bySecret) await request(`${url}/pass`, { method: 'POST' });
  return url;
}

/**
 * Saves a file where the browser saves files, under a name that tells whose it is: packs of two families must not be
 * mixed up. Fetched first, because the service's own name would win over ours. Throws ApiError.
 */
export async function takeFile(view: SelectionView, file: ArtifactView, name: string): Promise<void> {
  saveFile(await (await request(pathOf(view, file))).blob(), name);
}

/** Shows a file, such as the notes to print, in a tab of its own. Throws ApiError. */
export async function openFile(view: SelectionView, file: ArtifactView): Promise<void> {
  // Opened before anything is awaited, so that the pop-up blocker sees the click.
  const tab = open('about:blank', '_blank');
  const { url } = await showFile(view, file);
  if (tab) tab.location.href = url;
  else location.href = url;
}
