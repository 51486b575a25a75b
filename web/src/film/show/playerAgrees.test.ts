import { describe, expect, it } from 'vitest';

import { FilmProblem } from '../problem';
import { isOfTheFilm } from './playerAgrees';

describe('an error while player and page are compared', () => {
  it.each([
    ['a film without a picture', new FilmProblem('not_shown'), true],
    ['a film that was closed', new DOMException('', 'AbortError'), true],
    ['something that nobody thought of in the worker', new FilmProblem('unexpected'), false],
    ['a mistake of ours', new TypeError('x is undefined'), false],
  ])('of %s tells of the film: %s', (_, error, is) => {
    expect(isOfTheFilm(error)).toBe(is);
  });
});
