/** Signing out: the service ends the session, and the page begins anew. */

import { ApiError, errorFrom, NOT_REACHED, signIn } from '../api/client.svelte';
import { eraseKept, isSharedWithOthers } from './kept';

export interface Leaving {
  /** In every browser, or in this one. */
  readonly everywhere: boolean;
  /** Whether this browser forgets what was marked and cut in it. */
  readonly erase: boolean;
}

/** Throws ApiError where the service could not be told: still signed in, though erased here if that was asked for. */
export async function signOut({ everywhere, erase }: Leaving): Promise<void> {
  // The browser itself clears the whole address, unless somebody else has unsent moments there. That closes the
  // database at any moment, so the page erases before.
  const there = signIn.who?.signs_out_there ?? false;
  const clears = erase && !(await isSharedWithOthers());
  if (erase) signIn.setKeeping(false);
  try {
    if (erase) await eraseKept();
    await endSession(`/api/v1/${everywhere ? 'sessions' : 'session'}${clears ? '?forget=true' : ''}`);
  } catch (error) {
    signIn.setKeeping(true);
    throw error;
  }
  signIn.leave(there ? '/api/v1/sign-in/organisation/sign-out' : '');
}

/** Not by the page's usual way, which would ask her to sign in first where the session has ended by itself. */
async function endSession(path: string): Promise<void> {
  const answer = await fetch(path, { method: 'DELETE', headers: signIn.headers() }).catch(() => null);
  if (!answer) throw new ApiError(0, 'not_reached', NOT_REACHED);
  if (!answer.ok && answer.status !== 401) throw errorFrom(answer.status, await answer.text(), null);
}
