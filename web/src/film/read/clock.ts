/** The film's own clock: whole milliseconds from the first picture shown, found from exact ticks, never from floats. */

/** Ticks are counted from the same origin as the container's; the film's 0 is `zeroTicks`. */
export class FilmClock {
  constructor(
    readonly ticksPerSecond: number,
    readonly zeroTicks: number,
  ) {}

  /** The exact tick of a timestamp that a demuxer gave in seconds. */
  ticks(seconds: number): number {
    return Math.round(seconds * this.ticksPerSecond);
  }

  /** The first tick at or after `ms`. */
  ticksAt(ms: number): number {
    return this.zeroTicks + Math.ceil((ms * this.ticksPerSecond) / 1000);
  }

  /** The time of a tick, rounded down to a millisecond. */
  msAt(ticks: number): number {
    return Math.floor(this.exactMsAt(ticks));
  }

  /** The time of a tick, with its fraction. */
  exactMsAt(ticks: number): number {
    return ((ticks - this.zeroTicks) * 1000) / this.ticksPerSecond;
  }

  /** A timestamp for lookups "at or before" a tick: a hair later, so that rounding cannot miss the tick itself. */
  seekSeconds(ticks: number): number {
    return (ticks + 0.25) / this.ticksPerSecond;
  }
}

/**
 * The same moment on another clock, in whole milliseconds, such that exactly the same frames are selected.
 *
 * `wantedMs` is where the boundary lies there, with its fraction. It may be moved by less than a millisecond, to the
 * side on which no frame changes places: after `before` (the last frame before it), not after `after` (the first frame
 * at or after it); both in exact milliseconds on the other clock, null where there is none.
 */
export function moveBoundary(wantedMs: number, before: number | null, after: number | null): number {
  const earliest = before === null ? 0 : Math.floor(before) + 1;
  const latest = after === null ? Infinity : Math.floor(after);
  return Math.max(0, Math.min(latest, Math.max(earliest, Math.round(wantedMs))));
}
