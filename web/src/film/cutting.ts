import { FilmProblem } from './problem';
import type { CutMode, FinishedCut, Moment } from './shapes';

/** Cuts `moment` out of `file` into the browser's private file `name`. Throws FilmProblem; AbortError when told to stop. */
export async function cut(
  file: File,
  moment: Moment,
  mode: CutMode,
  name: string,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<FinishedCut> {
  onProgress(0);
  signal.throwIfAborted();
  throw new FilmProblem('unexpected', `${file.type} ${moment.kind} ${mode} ${name}`);
}

/** The cut of that name. Throws FilmProblem cut_gone. */
export async function cutFile(name: string): Promise<File> {
  throw new FilmProblem('cut_gone', name);
}

/** Forgets the cut of that name, if there is one. */
export async function discardCut(name: string): Promise<void> {
  throw new FilmProblem('cut_gone', name);
}

/** The names of all finished cuts kept in this browser. */
export async function listCuts(): Promise<string[]> {
  return [];
}
