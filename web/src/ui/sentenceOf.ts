import { ApiError } from '../api/client.svelte';
import { FilmProblem } from '../film';

/** What a guider is told of an error. */
export function sentenceOf(error: unknown): string {
  if (error instanceof ApiError || error instanceof FilmProblem) return error.sentence;
  return `Something went wrong that nobody foresaw. Nothing is lost; reload the page to go on. (${String(error)})`;
}
