/** What the service tells of ratings and logbooks. */

export interface Score {
  points: number;
  most: number;
  not_applicable: number;
  open: number;
  per_cent: number | null;
}

export interface Totals {
  sub_scales: Record<string, Score>;
  whole: Score;
}

export type Answer = number | 'not_applicable';

export interface Scale {
  title: string;
  anchors: string[];
  sub_scales: { item: number; heading: string; questions: { key: string; text: string }[] }[];
}

export interface RatingView {
  rater: string;
  answers: Record<string, Answer>;
  totals: Totals;
}

export interface Row {
  label: string;
  one: Score | null;
  other: Score | null;
}

export interface Comparison {
  by_rater: Row[];
  by_sub_scale: Row[];
  whole: Row;
  left_out: string[];
}

export interface CheckedTable {
  heading: string;
  one: string;
  other: string;
  rows: Row[];
  whole: Row;
  printed: { label: string; one: number; other: number } | null;
  flags: string[];
}

export interface CycleView {
  id: string | null;
  name: string;
  family: string | null;
  cycle: number;
  role: string;
  filmed_on: string | null;
  reviewed_on: string | null;
  from_films: boolean;
  left_out: boolean;
  counts: boolean;
}

export interface HoursView {
  id: string;
  kind: string;
  on: string;
  minutes: number;
  role: string;
}

export interface LogbookView {
  profile: string;
  profiles: { name: string; title: string; about: string }[];
  began_on: string | null;
  beginning: string | null;
  stages: {
    title: string;
    met: boolean;
    missing: string[];
    remarks: string[];
    requirements: { name: string; title: string; have: number; need: number; missing: number }[];
  }[];
  cycles: CycleView[];
  hours: HoursView[];
}

/** `62.3 %`, or a dash where nothing was answered. */
export const perCent = (score: Score | null): string => (score?.per_cent == null ? '–' : `${score.per_cent.toFixed(1)} %`);
