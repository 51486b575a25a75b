/** What is written, chosen and sent at most: the service's own limits, which refuse what is beyond them in any case. */

import table from '../../configs/limits.toml';

const told = table as {
  longest_words: number;
  code: string;
  longest_code: number;
  browser_code: string;
  most_note_lines: number;
  largest_notes_bytes: number;
  largest_photograph_bytes: number;
  most_watched_selections: number;
  still_search_ms: number;
};

export const LONGEST_WORDS = told.longest_words;
export const CODE = new RegExp(told.code);
export const LONGEST_CODE = told.longest_code;
export const BROWSER_CODE = new RegExp(told.browser_code);
export const LARGEST_NOTES_BYTES = told.largest_notes_bytes;
export const LARGEST_PHOTOGRAPH_BYTES = told.largest_photograph_bytes;
export const MOST_WATCHED_SELECTIONS = told.most_watched_selections;
export const STILL_SEARCH_MS = told.still_search_ms;
