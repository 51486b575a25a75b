/** What is written, chosen and sent at most: the service's own limits, which refuse what is beyond them in any case. */

import table from '../../configs/limits.toml';

const told = table as {
  longest_to_whom: number;
  longest_words: number;
  code: string;
  longest_code: number;
  browser_code: string;
  longest_role: number;
  longest_initials: number;
  longest_login: number;
  longest_name: number;
  longest_new_password: number;
  longest_password: number;
  longest_sign_in_code: number;
  longest_token_name: number;
  longest_passkey_name: number;
  most_note_lines: number;
  largest_notes_bytes: number;
  largest_photograph_bytes: number;
  most_watched_selections: number;
  most_drawings: number;
  smallest_drawing: number;
  still_search_ms: number;
  most_silences: number;
  silence_margin_ms: number;
  silence_fade_ms: number;
};

export const LONGEST_TO_WHOM = told.longest_to_whom;
export const LONGEST_WORDS = told.longest_words;
export const CODE = new RegExp(told.code);
export const LONGEST_CODE = told.longest_code;
export const BROWSER_CODE = new RegExp(told.browser_code);
export const LONGEST_ROLE = told.longest_role;
export const LONGEST_INITIALS = told.longest_initials;
export const LONGEST_LOGIN = told.longest_login;
export const LONGEST_NAME = told.longest_name;
export const LONGEST_NEW_PASSWORD = told.longest_new_password;
export const LONGEST_PASSWORD = told.longest_password;
export const LONGEST_SIGN_IN_CODE = told.longest_sign_in_code;
export const LONGEST_TOKEN_NAME = told.longest_token_name;
export const LONGEST_PASSKEY_NAME = told.longest_passkey_name;
export const LARGEST_NOTES_BYTES = told.largest_notes_bytes;
export const LARGEST_PHOTOGRAPH_BYTES = told.largest_photograph_bytes;
export const MOST_WATCHED_SELECTIONS = told.most_watched_selections;
export const MOST_DRAWINGS = told.most_drawings;
export const SMALLEST_DRAWING = told.smallest_drawing;
export const STILL_SEARCH_MS = told.still_search_ms;
export const MOST_SILENCES = told.most_silences;
export const SILENCE_MARGIN_MS = told.silence_margin_ms;
export const SILENCE_FADE_MS = told.silence_fade_ms;
