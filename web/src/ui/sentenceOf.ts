import { ApiError } from '../api/client.svelte';
import { FilmProblem } from '../film';

/** What a guider is told of an error. */
export function sentenceOf(error: unknown): string {
  if (error instanceof ApiError || error instanceof FilmProblem) return error.sentence;
  return `Something unexpected went wrong. Nothing is lost; reload the page to continue. (${String(error)})`;
}
