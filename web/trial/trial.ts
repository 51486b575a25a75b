/** The film engine alone, for tests that drive it from outside; never part of the page that is served. */

import * as film from '../src/film';

declare global {
  interface Window {
    film: typeof film;
  }
}

window.film = film;
