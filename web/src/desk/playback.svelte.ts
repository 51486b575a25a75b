/** Playback on the film's clock: play, stop, step and seek, exact to the frame. */

import { FilmProblem } from '../film';
import type { FrameTimes } from './frameTimes';

const FASTEST = 4;
export const SPEEDS = [0.25, 0.5, 0.75, 1, 1.5, 2] as const;
const VOLUME_STEP = 0.1;
const BACKWARDS_EVERY_MS = 120;
const END_EVERY_MS = 20;
const MOST_BEHIND_MS = 100;
/** Sought, a player may take so long until it shows the picture. */
const LATE_MS = 5000;

export interface Span {
  readonly inMs: number;
  readonly outMs: number;
}

export class Playback {
  /** The frame on screen. */
  atMs = $state(0);
  playing = $state(false);
  rate = $state(1);
  /** What is played at, forwards; L goes on faster from there. */
  speed = $state<number>(1);
  /** From 0 to 1. */
  volume = $state(1);
  muted = $state(false);
  /** Span to loop; null: none. */
  loop = $state.raw<Span | null>(null);
  /** The <video> element failed; single frames may still be decoded. */
  broken = $state(false);
  /** Of a film whose pictures are shown one by one: whether the player plays its sound. */
  hears = $state(false);
  /** Why seeking failed, in words for a guider. */
  problem = $state<string | null>(null);
  #video: HTMLVideoElement | null = null;
  /** Media time of the first frame; nothing is played or sought before it was presented. */
  #zeroMs: number | null = null;
  #playAt: number | null = null;
  #backwards: ReturnType<typeof setInterval> | undefined;
  #moves: Promise<void> = Promise.resolve();
  /** The picture that the player last said it shows, on the film's clock. */
  #presentedMs = 0;
  #late: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly durationMs: number,
    private readonly frames: FrameTimes,
    private readonly hasPicture = true,
    /** The file goes on behind the film's end; its sound must not be heard. */
    private readonly endsEarly = false,
  ) {}

  /** Whether there is something to play. */
  get canPlay(): boolean {
    return !this.broken || this.hears;
  }

  /** Attaches to a <video> that plays the film's sound alone, its 0 at `zeroS`; returns a function that detaches. */
  listen(video: HTMLVideoElement, zeroS: number): () => void {
    this.hears = true;
    const letGo = this.attach(video, zeroS * 1000);
    return () => {
      letGo();
      this.hears = false;
    };
  }

  /** Attaches to a <video>; returns a function that detaches. */
  attach(video: HTMLVideoElement, zeroMs: number | null = null): () => void {
    this.#video = video;
    this.#zeroMs = zeroMs;
    this.#sound();
    let ending: ReturnType<typeof setInterval> | undefined;
    const stopAtEnd = (): void => {
      if (this.#isAtEnd()) video.pause();
    };
    const onPlay = (): void => {
      this.playing = true;
      if (this.endsEarly) ending ??= setInterval(stopAtEnd, END_EVERY_MS);
    };
    const onPause = (): void => {
      this.playing = this.#backwards !== undefined;
      clearInterval(ending);
      ending = undefined;
      // The sound stops between two pictures.
      if (this.hears) void this.seek(this.atMs);
    };
    video.addEventListener('play', onPlay);
    video.addEventListener('pause', onPause);
    const release = this.hasPicture && !this.hears ? this.#watch(video) : this.#hear(video);
    return () => {
      release();
      video.removeEventListener('play', onPlay);
      video.removeEventListener('pause', onPause);
      this.stop();
      clearTimeout(this.#late);
      this.#video = null;
    };
  }

  #watch(video: HTMLVideoElement): () => void {
    const shown = (_now: number, { mediaTime }: VideoFrameCallbackMetadata): void => {
      this.#see(mediaTime);
      handle = video.requestVideoFrameCallback(shown);
    };
    let handle = video.requestVideoFrameCallback(shown);
    return () => video.cancelVideoFrameCallback(handle);
  }

  /** Audio has no frame callbacks, so currentTime is polled on each animation frame. */
  #hear(video: HTMLVideoElement): () => void {
    let handle = 0;
    const heard = (): void => {
      cancelAnimationFrame(handle);
      if (video.readyState > HTMLMediaElement.HAVE_NOTHING) this.#see(video.currentTime);
      if (!video.paused) handle = requestAnimationFrame(heard);
    };
    const events = ['loadedmetadata', 'play', 'pause', 'seeked', 'ended'];
    for (const event of events) video.addEventListener(event, heard);
    return () => {
      cancelAnimationFrame(handle);
      for (const event of events) video.removeEventListener(event, heard);
    };
  }

  #see(mediaTimeS: number): void {
    // Pictures are shown one by one then, and a player that is not yet gone must not put the time back.
    if (!this.canPlay || (this.hears && !this.playing)) return;
    // mediaTime has microseconds; a frame's time is rounded down to the millisecond.
    const mediaMs = Math.round(mediaTimeS * 1e6) / 1000;
    if (this.#zeroMs === null) {
      this.#zeroMs = mediaMs;
      if (this.atMs > 0) this.#jump(this.atMs);
      if (this.#playAt !== null) void this.play(this.#playAt);
      if (this.atMs > 0 || this.#playAt !== null) return;
    }
    this.#presentedMs = Math.max(0, Math.floor(mediaMs - this.#zeroMs + 1e-3));
    // While seeking, the frame on screen is still the previous one.
    if (this.#video?.seeking) return;
    this.atMs = this.#presentedMs;
    const { loop } = this;
    if (loop && this.playing && this.atMs >= loop.outMs - 1000 / 60) this.#jump(loop.inMs);
  }

  async toggle(): Promise<void> {
    if (this.playing) this.stop();
    else await this.play();
  }

  async play(rate = this.speed): Promise<void> {
    this.#endBackwards();
    clearTimeout(this.#late);
    this.#playAt = rate;
    if (!this.#video || this.#zeroMs === null) return;
    const { loop } = this;
    if (loop && (this.atMs < loop.inMs || this.atMs >= loop.outMs - 50)) this.#jump(loop.inMs);
    else if (this.#video.ended || (this.endsEarly && this.#isAtEnd())) this.#jump(0);
    this.rate = this.#video.playbackRate = rate;
    // Rejects only when pause() follows at once, which is fine.
    await this.#video.play().catch(() => undefined);
  }

  stop(): void {
    this.#playAt = null;
    this.#endBackwards();
    this.#video?.pause();
    this.playing = false;
  }

  setSpeed(speed: number): void {
    this.speed = speed;
    if (!this.playing || this.rate < 0) return;
    this.rate = speed;
    if (this.#video) this.#video.playbackRate = speed;
  }

  /** One step faster (1) or slower (-1); gives the speed. */
  changeSpeed(steps: -1 | 1): number {
    const at = SPEEDS.findIndex((one) => one >= this.speed);
    this.setSpeed(SPEEDS[Math.min(Math.max(0, at + steps), SPEEDS.length - 1)] ?? 1);
    return this.speed;
  }

  setVolume(volume: number): void {
    this.volume = Math.round(Math.min(1, Math.max(0, volume)) * 100) / 100;
    this.muted = this.volume === 0;
    this.#sound();
  }

  /** One step louder (1) or quieter (-1); gives the volume. */
  changeVolume(steps: -1 | 1): number {
    this.setVolume(this.volume + steps * VOLUME_STEP);
    return this.volume;
  }

  toggleMuted(): void {
    if (this.muted && this.volume === 0) return this.setVolume(1);
    this.muted = !this.muted;
    this.#sound();
  }

  #sound(): void {
    if (!this.#video) return;
    this.#video.volume = this.volume;
    this.#video.muted = this.muted;
  }

  /** L: forwards, faster with each press. J: backwards. K: stop. */
  async shuttle(key: 'j' | 'k' | 'l'): Promise<void> {
    if (key === 'k') return this.stop();
    if (key === 'l') return this.play(this.playing && this.rate > 0 ? Math.min(FASTEST, this.rate * 2) : this.speed);
    const rate = this.playing && this.rate < 0 ? Math.max(-FASTEST, this.rate * 2) : -1;
    this.stop();
    clearTimeout(this.#late);
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

  /** Steps by whole frames, backwards where negative; stops the film. */
  step(frames: number): Promise<void> {
    this.stop();
    return this.#move(async () => this.frames.step(await this.frames.nearest(this.atMs), frames));
  }

  /** Seeks by milliseconds, backwards where negative. */
  skip(ms: number): Promise<void> {
    return this.#move(() => this.frames.shownAt(this.#within(this.atMs + ms)));
  }

  /** Shows the frame at `ms`. */
  seek(ms: number): Promise<void> {
    return this.#move(() => this.frames.shownAt(this.#within(ms)));
  }

  /** The frame on screen once all pending moves are done. */
  async shown(): Promise<number> {
    await this.#moves;
    return this.frames.nearest(this.atMs);
  }

  /** Fast, approximate seek while dragging. */
  scrub(ms: number): void {
    clearTimeout(this.#late);
    this.#jump(this.#within(ms));
  }

  /** Moves are queued, so that quick key presses add up. */
  #move(find: () => Promise<number>): Promise<void> {
    this.#moves = this.#moves.then(async () => {
      try {
        const ms = await find();
        const behindMs = Math.min(MOST_BEHIND_MS, ((await this.frames.endAfter(ms)) - ms) / 2);
        this.#jump(ms, behindMs);
        this.#expect(ms, Math.max(1, behindMs));
        this.problem = null;
      } catch (error) {
        this.problem = error instanceof FilmProblem ? error.sentence : new FilmProblem('unexpected').sentence;
      }
    });
    return this.#moves;
  }

  #isAtEnd(): boolean {
    return (this.#video?.currentTime ?? 0) * 1000 - (this.#zeroMs ?? 0) >= this.durationMs;
  }

  #within(ms: number): number {
    return Math.min(Math.max(0, ms), this.durationMs);
  }

  /**
   * A millisecond past a frame's rounded time most players show that frame. At an uneven rate Chromium 156 shows the one
   * before it for as long as its file says, and that may be longer than it is seen: `behindMs` leads past that.
   */
  #jump(ms: number, behindMs = 1): void {
    this.atMs = Math.floor(ms);
    if (this.#video && this.#zeroMs !== null) this.#video.currentTime = (ms + Math.max(1, behindMs) + this.#zeroMs) / 1000;
  }

  /**
   * A player that has sought and goes on showing another picture is left, and pictures are shown one by one: Chromium 156
   * shows no last picture of some films of an uneven rate, and of some with intra refresh or fragments a later picture than
   * the one sought, whose time then stands there. What it shows already it does not tell of again.
   */
  #expect(ms: number, nearMs: number): void {
    clearTimeout(this.#late);
    const video = this.#video;
    if (!video?.paused || this.#zeroMs === null || !this.hasPicture || this.hears) return;
    this.#late = setTimeout(() => {
      if (video.seeking || document.hidden) this.#expect(ms, nearMs);
      else if (video.paused && Math.abs(this.#presentedMs - ms) > nearMs) this.broken = true;
    }, LATE_MS);
  }

  #endBackwards(): void {
    clearInterval(this.#backwards);
    this.#backwards = undefined;
    if (this.rate < 0) this.rate = 1;
  }
}
