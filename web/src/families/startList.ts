/** What the start page lists: families, and what lies unsent in this browser. */

import type { FamilyLine } from '../api/types';
import type { Draft } from '../desk/marks';

export interface Entry {
  readonly line: FamilyLine;
  /** Of this family, in this browser, and not sent yet. */
  readonly unsent: Draft[];
}

/** Marks of which nothing was sent, the last saved first. */
export const unsentOf = (drafts: readonly Draft[]): Draft[] => drafts.filter((draft) => !draft.sent?.length);

/** Each family with what is unsent of it; those with something unsent first, else in the service's order: opened last first. */
export function entriesOf(lines: readonly FamilyLine[], drafts: readonly Draft[]): Entry[] {
  const entries = lines.map((line) => ({ line, unsent: unsentOf(drafts).filter((draft) => isOf(draft, line.family.code)) }));
  return [...entries.filter((one) => one.unsent.length), ...entries.filter((one) => !one.unsent.length)];
}

/** Case and the kind of dash tell no two families apart, as at the service. */
export const isOf = (draft: Draft, code: string): boolean => sameCode(draft.details.family) === sameCode(code);

/** Those whose code has what was typed in it: letters' case, spaces and dashes do not matter. */
export function found(entries: readonly Entry[], typed: string): Entry[] {
  const wanted = lookOf(typed);
  return wanted ? entries.filter(({ line }) => lookOf(line.family.code).includes(wanted)) : [...entries];
}

const sameCode = (code: string): string => code.trim().toLowerCase().replace(/[_‐-―]/g, '-');

const lookOf = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
