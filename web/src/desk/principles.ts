/** The headings of the principles, read from the service's own list while the page is built. */

import list from '../../../configs/principles.toml?raw';

export interface Principle {
  readonly tag: string;
  readonly heading: string;
  readonly plain: string;
}

/** Tables of two texts each; nothing else stands in that file. Throws where something else does. */
export function readPrinciples(toml: string): Principle[] {
  const read: { tag: string; heading: string; plain: string }[] = [];
  for (const line of toml.split('\n').map((one) => one.trim())) {
    if (!line || line.startsWith('#')) continue;
    const table = /^\[([a-z][a-z0-9-]*)\]$/.exec(line)?.[1];
    const [, key, text] = /^(heading|plain) = "([^"\\]*)"$/.exec(line) ?? [];
    const last = read.at(-1);
    if (table) read.push({ tag: table, heading: '', plain: '' });
    else if (last && (key === 'heading' || key === 'plain') && text !== undefined) last[key] = text;
    else throw new Error(`principles.toml: ${line}`);
  }
  return read;
}

export const PRINCIPLES: readonly Principle[] = readPrinciples(list);

export function headingOf(tag: string | null): string {
  return PRINCIPLES.find((one) => one.tag === tag)?.heading ?? '';
}
