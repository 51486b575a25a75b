/** Plays a span of a film with its sound, and shows no picture outside it, however late the browser is. */

const END_EVERY_MS = 20;

export interface PlayedSpan {
  readonly inMs: number;
  readonly outMs: number;
  /** Its last picture. */
  readonly lastMs: number;
  /** Media time of its beginning; null: that of the first picture that the player shows. */
  readonly zeroMs: number | null;
}

/**
 * The player itself stays unseen: it is stopped by a script, which may come a picture too late. What is seen is a canvas,
 * and a picture is drawn there only once its own time is known to lie in the span.
 */
export class SpanPlayer {
  playing = $state(false);
  readonly #behind = new OffscreenCanvas(1, 1);
  #begun = false;
  #zeroMs: number | null;
  /** What the player said last that it shows. */
  #told: VideoFrameCallbackMetadata | null = null;
  #ending: ReturnType<typeof setInterval> | undefined;
  #handle: number;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly canvas: HTMLCanvasElement,
    private readonly span: PlayedSpan,
  ) {
    this.#zeroMs = span.zeroMs;
    video.addEventListener('pause', this.#onPause);
    video.addEventListener('seeked', this.#onSeeked);
    this.#handle = video.requestVideoFrameCallback(this.#look);
  }

  /** How far into the span it is, in ms. */
  get atMs(): number {
    return Math.min(Math.max(0, this.#nowMs() - this.span.inMs), this.span.lastMs - this.span.inMs);
  }

  /** From where it stands; from its beginning where it was over. */
  async play(): Promise<void> {
    this.playing = true;
    // Goes on with the first picture, from which all others count.
    if (this.#zeroMs === null) return;
    if (!this.#begun || this.#nowMs() >= this.span.lastMs) this.#jump(this.span.inMs);
    this.#begun = true;
    this.#ending ??= setInterval(this.#stopAtEnd, END_EVERY_MS);
    // Rejects only when pause() follows at once, which is fine.
    await this.video.play().catch(() => undefined);
  }

  stop(): void {
    this.playing = false;
    this.video.pause();
  }

  leave(): void {
    this.stop();
    this.#onPause();
    this.video.removeEventListener('pause', this.#onPause);
    this.video.removeEventListener('seeked', this.#onSeeked);
    this.video.cancelVideoFrameCallback(this.#handle);
  }

  #onPause = (): void => {
    this.playing = false;
    clearInterval(this.#ending);
    this.#ending = undefined;
  };

  /** Its last picture stands, also where the player was past it before anybody could draw it. */
  #stopAtEnd = (): void => {
    if (this.video.seeking || this.#nowMs() < this.span.outMs) return;
    this.video.pause();
    this.#jump(this.span.lastMs);
  };

  /** One millisecond past a picture's rounded time players show that picture and no other. */
  #jump(ms: number): void {
    this.video.currentTime = (ms + 1 + (this.#zeroMs ?? 0)) / 1000;
  }

  #nowMs(): number {
    return this.video.currentTime * 1000 - (this.#zeroMs ?? 0);
  }

  /** The picture that was sought may have been told of meanwhile, and is not told of again while the player stands. */
  #onSeeked = (): void => {
    if (this.#begun && this.#told && this.video.paused) this.#draw(this.#told.mediaTime * 1000, this.#told.presentationTime);
  };

  #look = (_now: number, told: VideoFrameCallbackMetadata): void => {
    this.#handle = this.video.requestVideoFrameCallback(this.#look);
    this.#told = told;
    if (this.#zeroMs === null) {
      this.#zeroMs = told.mediaTime * 1000;
      if (this.playing) void this.play();
    } else if (!this.video.seeking) this.#draw(told.mediaTime * 1000, told.presentationTime);
  };

  /** Drawn out of sight first: the player may go on to another picture while a script draws. */
  #draw(mediaMs: number, presentedAt: number): void {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (!width || this.#onFilm(mediaMs) < this.span.inMs) return;
    [this.#behind.width, this.#behind.height] = [width, height];
    this.#behind.getContext('2d')?.drawImage(this.video, 0, 0);
    const drawnMs = this.#onFilm(this.#latest(mediaMs, presentedAt));
    if (drawnMs >= this.span.outMs) return;
    if (this.canvas.width !== width || this.canvas.height !== height) [this.canvas.width, this.canvas.height] = [width, height];
    this.canvas.getContext('2d')?.drawImage(this.#behind, 0, 0);
    this.canvas.dataset.atMs = String(drawnMs);
  }

  /** The media time, in ms, that the picture just drawn has at most. */
  #latest(mediaMs: number, presentedAt: number): number {
    const picture = new VideoFrame(this.video);
    const { timestamp } = picture;
    picture.close();
    // Firefox 153 tells whole seconds there; then it is reckoned by the clock what may be on by now.
    if (timestamp / 1000 > mediaMs - 1) return timestamp / 1000;
    return this.video.paused ? mediaMs : mediaMs + (performance.now() - presentedAt) * this.video.playbackRate;
  }

  /** Rounded down, as all times of pictures are. */
  #onFilm(mediaMs: number): number {
    return Math.floor(mediaMs - (this.#zeroMs ?? 0) + 1e-3);
  }
}
