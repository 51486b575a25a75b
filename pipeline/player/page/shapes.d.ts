/** What the scripts of the player hand to one another; only the type checker reads this. */

interface Moment {
  /** A sound is a clip of a recording without picture; it has no size. */
  kind: 'clip' | 'still' | 'sound';
  file: string;
  width: number | null;
  height: number | null;
  fps: number | null;
  duration_ms: number | null;
  caption: string;
  principle: { heading: string; plain: string } | null;
  /** Of a sound: how loud each of its equal parts is at most, 0 to 100. */
  peaks?: number[] | null;
  /** Shown only when somebody asks for them. */
  drawings: Drawing[];
}

/** A shape on a picture, in its own pixels; times in ms from the clip's start, null on a still. */
interface Drawing {
  kind: 'arrow' | 'circle' | 'spotlight';
  name: string;
  /** An SVG path. */
  outline: string;
  line: number;
  colour: string;
  in_ms: number | null;
  out_ms: number | null;
}

/** What was written on the closing cards, one idea a line. */
interface Words {
  strengths: string[];
  working_points: string[];
  plan: string[];
}

interface Review {
  review: string;
  question: string;
  working_points: string[];
  moments: Moment[];
  words: Words | null;
  title: string;
  about: string;
  /** Groups of moments, in their order; `first` is the place of a group's first moment. */
  parts: { title: string; first: number }[];
  /** A closing card that is only read, instead of those to write on. */
  ending: { title: string; points: string[]; links: { file: string; title: string }[] } | null;
}

/** Where a review comes from, and where its words go: the folder of the pack, or the service. */
interface Source {
  /** What the button says that saves. */
  saves: string;
  /** The moment to begin at, as its place; null: the opening card. */
  begins: number | null;
  load(): Promise<Review>;
  address(moment: Moment): string | Promise<string>;
  /** Where a file beside the review is; without it, under its own name beside the page. */
  file?(name: string): Promise<string>;
  /** What to tell the writer; `others` are words that somebody else saved meanwhile, and then nothing was saved. */
  save(review: string, words: Words, over: boolean): Promise<{ told: string; others?: Words }>;
  /** Called once the page is there; `add` takes words that were saved elsewhere. */
  opened(cards: { add(words: Words): void; tell(text: string): void }): void;
}

/** What a sealed pack's page says in the open; bytes stand in base64. */
interface Seal {
  salt: string;
  iterations: number;
  key: string;
  pieces: number;
  piece_bytes: number;
}

/** Where a file lies in what is sealed, behind the list of files. */
interface SealedFile {
  start: number;
  bytes: number;
  media_type: string;
}

/** Frames, both included. */
interface Bit {
  first: number;
  last: number;
}

/** A clip, or two of them beside each other, as the controls see it. */
interface Playable {
  /** What is seen of it. */
  element?: HTMLElement;
  /** Whether it could not be loaded. */
  readonly broken?: boolean;
  /** Sound alone. */
  readonly heard?: boolean;
  /** Frames of a step, 1 unless said otherwise. */
  readonly stride?: number;
  readonly frames: number;
  readonly fps: number;
  readonly frame: number;
  readonly playing: boolean;
  rate: number;
  bit: Bit | null;
  /** What to do when a repeated bit begins anew. */
  whenReturned?(act: () => void): void;
  beSilent?(): void;
  play(): Promise<void>;
  pause(): void;
  again(): Promise<void>;
  showFrame(frame: number): void;
  step(by: number): void;
  leave(): void;
  unload?(): void;
}
