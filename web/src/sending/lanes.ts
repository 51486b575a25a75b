/** So many uploads of this browser at once, of all its tabs: it has six connections to the service, and needs some for the rest. */

import { isStorageBlocked } from '../ui/storage';

const LANES = 2;

/** Does `act` in a lane; where none is free it calls `onWait` and waits for one. Throws AbortError, and what `act` throws. */
export async function inLane(act: () => Promise<void>, onWait: () => void, signal: AbortSignal): Promise<void> {
  if (isStorageBlocked() || !('locks' in navigator)) return act();
  for (let n = 0; n < LANES; n++) {
    const had = await navigator.locks.request(`vigpack-lane-${n}`, { ifAvailable: true }, async (lock) => {
      if (lock) await act();
      return lock !== null;
    });
    if (had) return;
  }
  onWait();
  await navigator.locks.request(`vigpack-lane-${Math.floor(Math.random() * LANES)}`, { signal }, act);
}
