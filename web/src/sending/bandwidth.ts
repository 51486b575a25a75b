/** How fast this line is: measured while sending, remembered for the next time. */

const REMEMBERED = 'vigpack.bytesPerS';
const WINDOW_MS = 12_000;
const SOONEST_MS = 1_500;

/** Bytes per second as measured when last something was sent from this browser; null if never. */
export function lastSpeed(): number | null {
  const kept = Number(localStorage.getItem(REMEMBERED));
  return kept > 0 ? kept : null;
}

export class Line {
  #samples: { at: number; bytes: number }[] = [];
  #bytes = 0;

  /** Something went: `bytes` since the last time. */
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

  /** What is known now is remembered for next time. */
  remember(): void {
    const speed = this.bytesPerS;
    if (speed) localStorage.setItem(REMEMBERED, String(Math.round(speed)));
  }

  /** After a pause old samples would make the line look slow. */
  restart(): void {
    this.#samples = [];
  }
}
