/** What the service tells of a selection; a figure that is unknown is null. */

import type { CutTimes } from '../film';

export interface ErrorView {
  code: string;
  sentence: string;
}

export interface ArtifactView {
  id: string;
  kind: string;
  name: string;
  media_type: string;
  bytes: number;
}

interface WorkView {
  state: 'awaiting_upload' | 'pending' | 'queued' | 'running' | 'unconfirmed' | 'ready' | 'failed';
  progress: number | null;
  waiting_s: number | null;
  running_s: number | null;
  error: ErrorView | null;
  artifacts: ArtifactView[];
}

export interface MomentView extends WorkView {
  id: string;
  position: number;
  kind: 'clip' | 'still';
  moment: { in?: number; out?: number; at?: number; caption: string; principle: string | null };
  /** The same on the clock of the moment's own upload; null where that is the film's clock. */
  cut: CutTimes | null;
  /** What the service holds of the film for it, on the film's clock; null until that is known. */
  facts: { width_px: number | null } | null;
  held: { from_ms: number; to_ms: number } | null;
  /** Somebody is to be hidden in it; `unconfirmed` until a person has looked at every picture. */
  hidden: boolean;
}

export interface OutputView extends WorkView {
  kind: string;
  recipe: Record<string, unknown>;
}

/** A photograph of what the child made, and the child's own words about it. */
export interface ArtworkView {
  id: string;
  words: string;
  width_px: number;
  height_px: number;
  bytes: number;
}

/** A kind of output; `recipe` is the JSON schema of what can be chosen for it. */
export interface KindView {
  name: string;
  title: string;
  about: string;
  needs_picture: boolean;
  /** The only film of which something can be made; null: of any. */
  of: FilmOf | null;
  /** What a file is for, by its name, where there are several. */
  files: Record<string, string>;
  recipe: Record<string, unknown>;
}

/** What was filmed: a family, or the guider's own shared review with them. */
export type FilmOf = 'family_film' | 'review_recording';

export interface SelectionSummary {
  id: string;
  state: 'receiving' | 'preparing' | 'ready' | 'failed';
  created_at: string;
  ready_at: string | null;
  family: string;
  cycle: number;
  of: FilmOf;
  clips: number;
  stills: number;
}

export interface SelectionView extends SelectionSummary {
  whole_film: boolean;
  film: { bytes: number; duration_ms: number; picture?: boolean };
  helping_question: string;
  working_points: string[];
  settled: boolean;
  bytes_received: number;
  bytes_expected: number | null;
  moments: MomentView[];
  outputs: OutputView[];
  artwork: ArtworkView[];
  uploads: { id: string; moment_id: string | null; state: string; offset_bytes: number; length_bytes: number }[];
}

/** What an output will be: its first pages as data URLs, or what it will hold; `of` is how many pages there will be. */
export interface PreviewView {
  pages: string[];
  of: number | null;
  parts: { title: string; words: string; starts_ms: number | null; length_ms: number | null }[];
  remarks: string[];
}

/** The answer to asking for an output. */
export interface AskedOutput {
  selection: SelectionView;
  remarks: string[];
}

export interface AwaitedUpload {
  url: string;
  metadata: { moment?: string; selection?: string };
  kind: 'clip' | 'still' | 'film';
  position: number | null;
}

export interface Begun {
  selection: SelectionView;
  uploads: AwaitedUpload[];
  hints: string[];
}

type Words = { caption: string; principle: string | null; cut?: CutTimes };

/** A selection as the service takes it: moments.toml's shape, the film's facts, and where each moment lies in its cut. */
export interface NewSelection {
  family: string;
  cycle: number;
  helping_question: string;
  working_points: string[];
  clip: ({ in: number; out: number } & Words)[];
  still: ({ at: number; exact: boolean } & Words)[];
  film: { bytes: number; duration_ms: number; width_px?: number; height_px?: number; fps?: number; picture?: boolean };
  whole_film: boolean;
  guider: string;
  of: FilmOf;
  review_on?: string;
}

/** Whether the film shows anything: as was found when its moments were prepared, until then as the page said. */
export function hasPicture({ moments, film }: SelectionView): boolean {
  const found = moments.filter(({ facts }) => facts !== null);
  return found.length ? found.some(({ facts }) => facts?.width_px) : film.picture !== false;
}
