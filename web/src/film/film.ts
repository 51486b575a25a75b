import { FilmProblem } from './problem';
import type { Film } from './shapes';

/** The film in `file`, open for looking and cutting. Throws FilmProblem. */
export async function openFilm(file: File): Promise<Film> {
  throw new FilmProblem('unexpected', file.type);
}
