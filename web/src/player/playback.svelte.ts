/** The film's own pace: play, stop, step and jump, on the film's clock, exact to the frame. */

import type { Frames } from '../marks/frames';

const FASTEST = 4;
const BACKWARDS_EVERY_MS = 120;

export interface Span {
  readonly inMs: number;
  readonly outMs: number;
}

export class Playback {
  /** The frame on screen. */
  atMs = $state(0);
  playing = $state(false);
  rate = $state(1);
  /** Played again and again until left. */
  loop = $state.raw<Span | null>(null);
  #video: HTMLVideoElement | null = null;
  /** The media clock at the film's first picture. */
  #zeroMs: number | null = null;
  #backwards: ReturnType<typeof setInterval> | undefined;
  #wantedMs: number | null = null;

  constructor(
    readonly durationMs: number,
    private readonly frames: Frames,
  ) {}

  /** Takes the element over; gives back how to let it go. */
  attach(video: HTMLVideoElement): () => void {
    this.#video = video;
    this.#zeroMs = null;
    const onPlay = (): void => void (this.playing = true);
    const onPause = (): void => void (this.playing = this.#backwards !== undefined);
    video.addEventListener('play', onPlay);
    video.addEventListener('pause', onPause);
    const shown = (_now: number, { mediaTime }: VideoFrameCallbackMetadata): void => {
      this.#see(mediaTime);
      handle = video.requestVideoFrameCallback(shown);
    };
    let handle = video.requestVideoFrameCallback(shown);
    return () => {
      video.cancelVideoFrameCallback(handle);
      video.removeEventListener('play', onPlay);
      video.removeEventListener('pause', onPause);
      this.stop();
      this.#video = null;
    };
  }

  #see(mediaTimeS: number): void {
    // The player tells microseconds; a frame's time is rounded down to the millisecond.
    const mediaMs = Math.round(mediaTimeS * 1e6) / 1000;
    if (this.#zeroMs === null) {
      this.#zeroMs = mediaMs;
      if (this.atMs > 0) return void this.seek(this.atMs);
    }
    this.atMs = Math.max(0, Math.floor(mediaMs - this.#zeroMs + 1e-3));
    const { loop } = this;
    if (loop && this.playing && this.atMs >= loop.outMs - 1000 / 60) this.#jump(loop.inMs);
  }

  async toggle(): Promise<void> {
    if (this.playing) this.stop();
    else await this.play();
  }

  async play(rate = 1): Promise<void> {
    this.#endBackwards();
    if (!this.#video) return;
    const { loop } = this;
    if (loop && (this.atMs < loop.inMs || this.atMs >= loop.outMs - 50)) this.#jump(loop.inMs);
    else if (this.#video.ended) this.#jump(0);
    this.rate = this.#video.playbackRate = rate;
    // Refused only when a pause follows at once, which is then what is wanted.
    await this.#video.play().catch(() => undefined);
  }

  stop(): void {
    this.#endBackwards();
    this.#video?.pause();
    this.playing = false;
  }

  /** L: forwards, faster with each press. J: backwards. K: stop. */
  async shuttle(key: 'j' | 'k' | 'l'): Promise<void> {
    if (key === 'k') return this.stop();
    if (key === 'l') return this.play(this.playing && this.rate > 0 ? Math.min(FASTEST, this.rate * 2) : 1);
    const rate = this.playing && this.rate < 0 ? Math.max(-FASTEST, this.rate * 2) : -1;
    this.stop();
    this.rate = rate;
    this.playing = true;
    let from = this.atMs;
    let since = performance.now();
    this.#backwards = setInterval(() => {
      if (this.#video?.seeking) return;
      from = Math.max(0, from + (performance.now() - since) * rate);
      since = performance.now();
      this.#jump(from);
      if (from === 0) this.stop();
    }, BACKWARDS_EVERY_MS);
  }

  /** Frames on or back; stops the film. */
  async step(frames: number): Promise<void> {
    this.stop();
    this.#jump(await this.frames.step(await this.frames.nearest(this.#wantedMs ?? this.atMs), frames));
  }

  /** Milliseconds on or back. */
  async skip(ms: number): Promise<void> {
    await this.seek((this.#wantedMs ?? this.atMs) + ms);
  }

  /** Shows the frame at `ms`. */
  async seek(ms: number): Promise<void> {
    const target = Math.min(Math.max(0, ms), this.durationMs);
    this.#jump(await this.frames.shownAt(target));
  }

  /** At once and nearly there: for a hand that drags. */
  scrub(ms: number): void {
    this.#jump(Math.min(Math.max(0, ms), this.durationMs));
  }

  #jump(ms: number): void {
    this.atMs = Math.floor(ms);
    if (!this.#video) return;
    this.#wantedMs = ms;
    this.#video.addEventListener('seeked', () => (this.#wantedMs = null), { once: true });
    // One millisecond past a frame's rounded time the player shows that frame and no other.
    this.#video.currentTime = (ms + 1 + (this.#zeroMs ?? 0)) / 1000;
  }

  #endBackwards(): void {
    clearInterval(this.#backwards);
    this.#backwards = undefined;
    if (this.rate < 0) this.rate = 1;
  }
}
