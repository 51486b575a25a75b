/**
 * What the film engine takes and gives.
 *
 * Times are whole milliseconds on the film's own clock: 0 is the first picture shown, a frame's time is rounded down.
 * A clip holds the frames with `inMs <= frame < outMs`; a still shows the last frame with `frame <= atMs`.
 */

/**
 * What a player does with odd films as this page does: shows nothing that an edit list hides, plays the first of two
 * pictures that are on, lets a last picture stand for as long as the film says.
 */
export type PlayerHabit = 'followsEdits' | 'playsFirstTrack' | 'letsLastStand' | 'beginsWithPicture';

/** What is known of a film once it is open. Width and height are those of the upright picture. */
export interface FilmFacts {
  readonly bytes: number;
  readonly durationMs: number;
  /** Added to the film's clock, gives the time of a <video> that plays the same file. */
  readonly zeroS: number;
  /** Every length that a player may rightly tell of it: its pictures', its sound's, …; empty where that is not known. */
  readonly playerLengthsS: readonly number[];
  /** Whether a player that tells another length reads it otherwise; of fragments and WebM, heads are careless. */
  readonly headTellsLength: boolean;
  readonly widthPx: number;
  readonly heightPx: number;
  /** Frames per second, on average over the first seconds. */
  readonly fps: number;
  /** By how much the stored picture is turned clockwise to stand upright. */
  readonly rotation: 0 | 90 | 180 | 270;
  /** Whether it was shortened without being written anew: the file still holds what was cut out, and shows nothing of it. */
  readonly holdsHidden: boolean;
  /** The player must have these, or it shows otherwise what is cut. */
  readonly leansOn: readonly PlayerHabit[];
  /** Whether players read films of this kind in more than one way, so that this one is compared before it is played. */
  readonly mayPlayOtherwise: boolean;
  /** False: a recording that has sound only; its size and rate are 0. */
  readonly hasPicture: boolean;
  readonly hasSound: boolean;
  /** Whether this browser can show its pictures; a film that cannot be shown may still be cut by time. */
  readonly canShow: boolean;
  /** Whether the page decodes its pictures itself, as this browser has no decoder for them; its player may have one. */
  readonly isDecodedHere: boolean;
  /** Why this browser cannot show its pictures, where more is known than that it does not know the kind: a sentence. */
  readonly whyUnshown: string | null;
  /** Whether moments can be taken out of it here; if not, only the whole film can be sent. */
  readonly canCut: boolean;
  /** Why not, where more is known than that it is a kind of film that cannot be taken apart: a sentence. */
  readonly whyWhole: string | null;
  /** Whether moments can be re-encoded lighter here. */
  readonly canCutLight: boolean;
  /** Why not, where moments can be taken out as filmed: a sentence. */
  readonly whyNotLight: string | null;
  readonly container: string;
  readonly videoCodec: string;
  readonly audioCodec: string | null;
}

/** As much of a `Blob` as reading a film needs. */
export interface FileBytes {
  readonly size: number;
  slice(from: number, to: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

/** A key that only the page's memory holds. */
export interface SealKey {
  /** The letters by which what is sealed names it: eight of an account's, 32 of a film's. */
  readonly id: string;
  /** For HKDF. */
  readonly key: CryptoKey;
}

/** Finds the key with that id; not there: it was destroyed (null), or is another's. */
export type KeyFinder = (id: string) => Promise<SealKey | null | undefined>;

/** A film that the service holds: only looked at, a range of bytes at a time. */
export interface RemoteFilm {
  readonly url: string;
  readonly headers: Record<string, string>;
}

/** A cut that this browser keeps: only looked at. */
export interface SealedCut {
  readonly cut: string;
  readonly keys: readonly SealKey[];
}

/** A picture on the way to another one. */
export interface NearPicture {
  readonly picture: ImageBitmap;
  /** When it is first shown. */
  readonly timeMs: number;
  /** Whether it is the one that was asked for. */
  readonly isExact: boolean;
  /** Whether there is none nearer; else the next call has a later one. */
  readonly isLast: boolean;
}

export interface Film {
  readonly facts: FilmFacts;
  /**
   * `count` key frames spread over the film, upright, `heightPx` high, from start to end.
   * `onPicture` owns each bitmap: close it when it is no longer shown.
   */
  strip(
    count: number,
    heightPx: number,
    onPicture: (index: number, timeMs: number, picture: ImageBitmap) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Loudness from 0 to 1 of `buckets` equal parts of the film, ever finer with each call.
   * Never called where there is no sound, or none that this browser can decode.
   */
  waveform(buckets: number, onPeaks: (peaks: Float32Array) => void, signal: AbortSignal): Promise<void>;
  /** The times of the frames within `spanMs` before and after `aroundMs`, in order. */
  frameTimes(aroundMs: number, spanMs: number): Promise<number[]>;
  /** The frame on screen at `atMs`, upright, `heightPx` high. The caller closes it. */
  picture(atMs: number, heightPx: number): Promise<ImageBitmap>;
  /** The same of a film that the page decodes itself, or, where that takes long, one on the way there. The caller closes it. */
  pictureNear(atMs: number, heightPx: number): Promise<NearPicture>;
  close(): void;
}

/** Shares of a picture, from its top left corner. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What she said of the picture at that time of the film; `box` where it covers one. */
export interface CoverMark {
  readonly at: number;
  readonly covers: 'box' | 'whole' | 'nobody';
  readonly box: Box | null;
}

export type Moment =
  | { readonly kind: 'clip'; readonly inMs: number; readonly outMs: number }
  | {
      readonly kind: 'still';
      readonly atMs: number;
      /** False: the service will look for the sharpest frame near it, so those are cut as well. Default true. */
      readonly exact?: boolean;
    };

/**
 * `lossless`: copied without re-encoding; `light`: at most 720 lines and about 1.3 Mbit/s; `covered`: so with somebody
 * covered, a still at its full size, and nothing of the film but the moment's own pictures.
 */
export type CutMode = 'lossless' | 'light' | 'covered';

/** The same moment on the clock of the cut file. */
export type CutTimes = { readonly in: number; readonly out: number } | { readonly at: number };

/** What the page found in a cut; the service makes nothing of one in which it finds anything else. */
export interface CutClaims {
  readonly durationMs: number;
  /** How many pictures begin in a clip; null of a still, and where none does. */
  readonly pictures: number | null;
}

/** A stretch of a film's own time. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface FinishedCut {
  readonly name: string;
  readonly bytes: number;
  readonly mimeType: string;
  readonly cut: CutTimes;
  readonly claims: CutClaims;
  /** The film's time during which the pictures and sounds in it are shown, with all that travels around the moment. */
  readonly holds: Span;
}
