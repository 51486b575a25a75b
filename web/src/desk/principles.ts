/** The headings of the principles, from the service's own list. */

import tables from '../../../configs/principles.toml';

export interface Principle {
  readonly tag: string;
  readonly heading: string;
}

export const PRINCIPLES: readonly Principle[] = Object.entries(tables).map(([tag, table]) => ({
  tag,
  heading: (table as { heading: string }).heading,
}));

export function headingOf(tag: string | null): string {
  return PRINCIPLES.find((one) => one.tag === tag)?.heading ?? '';
}
