/** Upload bandwidth, measured while sending and stored for the next estimate. */

import { local } from '../ui/storage';

const REMEMBERED = 'vigpack.bytesPerS';
const WINDOW_MS = 12_000;
const SOONEST_MS = 1_500;

/** Bytes per second, as measured during the last sending from this browser; null if there was none. */
export function lastSpeed(): number | null {
  const kept = Number(local.getItem(REMEMBERED));
  return kept > 0 ? kept : null;
}

export class BandwidthMeter {
  #samples: { at: number; bytes: number }[] = [];
  #bytes = 0;

  /** Records `bytes` sent since the last call. */
  sent(bytes: number, at = performance.now()): void {
    this.#bytes += bytes;
    this.#samples.push({ at, bytes: this.#bytes });
    while (this.#samples.length > 2 && at - (this.#samples[0]?.at ?? at) > WINDOW_MS) this.#samples.shift();
  }

  /** Bytes per second over the last seconds; null while too little is known. */
  get bytesPerS(): number | null {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (!first || !last || last.at - first.at < SOONEST_MS) return null;
    return ((last.bytes - first.bytes) / (last.at - first.at)) * 1000;
  }

  /** Stores the current measurement for the next estimate. */
  remember(): void {
    const speed = this.bytesPerS;
    if (speed) local.setItem(REMEMBERED, String(Math.round(speed)));
  }

  /** After a pause old samples would make the line look slow. */
  restart(): void {
    this.#samples = [];
  }
}
