/** Finished files of a selection: an address to show, or a file to take away. */

import type { RemoteFilm } from '../film';
import { request, token } from '../api/client.svelte';
import { saveFile } from '../ui/saveFile';
import type { ArtifactView, ArtworkView, MomentView, SelectionView } from '../api/types';

const pathOf = (view: SelectionView, file: ArtifactView): string => `/api/v1/selections/${view.id}/artifacts/${file.id}`;

/**
 * An address a picture or player can use, and how to let it go. Where a token is wanted the file is fetched first,
 * because a player cannot carry one. Throws ApiError.
 */
export function showFile(view: SelectionView, file: ArtifactView): Promise<{ url: string; letGo: () => void }> {
  return showPath(pathOf(view, file));
}

/** The same for a photograph of what the child made. Throws ApiError. */
export function showArtwork(view: SelectionView, made: ArtworkView): Promise<{ url: string; letGo: () => void }> {
  return showPath(artworkPath(view, made));
}

export const artworkPath = (view: SelectionView, made?: ArtworkView): string => `/api/v1/selections/${view.id}/artwork${made ? `/${made.id}` : ''}`;

async function showPath(path: string): Promise<{ url: string; letGo: () => void }> {
  if (!token.value) return { url: path, letGo: () => undefined };
  const url = URL.createObjectURL(await (await request(path)).blob());
  return { url, letGo: () => URL.revokeObjectURL(url) };
}

const sourceOf = (view: SelectionView, moment: MomentView): string => `/api/v1/selections/${view.id}/moments/${moment.id}/source`;

/** What was sent for a moment, to be looked into. */
export function sourceFilm(view: SelectionView, moment: MomentView): RemoteFilm {
  return { url: new URL(sourceOf(view, moment), location.href).href, headers: token.headers() };
}

/**
 * The same as an address to play. It may be a whole film, too large to be fetched; so where a token is wanted, the
 * service is asked to let this browser's players in. Throws ApiError.
 */
export async function showSource(view: SelectionView, moment: MomentView): Promise<string> {
  const url = sourceOf(view, moment);
  if (token.value) await request(`${url}/pass`, { method: 'POST' });
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
  // Opened before anything is awaited, so that it counts as the guider's own doing.
  const tab = open('about:blank', '_blank');
  const { url } = await showFile(view, file);
  if (tab) tab.location.href = url;
  else location.href = url;
}
