/** What is odd about a family's code. It is looked at here, so that a name that somebody types never leaves the computer. */

export type CodeHint = 'no_digit' | 'like_a_name';

const SHORTEST_NAME = 3;
let names: Promise<Set<string>> | null = null;

/** Nothing for a code like K-104, for which no names are loaded either. */
export async function hintsOf(code: string): Promise<CodeHint[]> {
  const words = (code.toLowerCase().match(/[a-z]+/g) ?? []).filter((word) => word.length >= SHORTEST_NAME);
  const hints: CodeHint[] = /[0-9]/.test(code) ? [] : ['no_digit'];
  if (!words.length) return hints;
  const known = await (names ??= loadNames());
  return words.some((word) => known.has(word)) ? [...hints, 'like_a_name'] : hints;
}

/** Given names and surnames that zxcvbn knows, of the United States census of 1990. */
async function loadNames(): Promise<Set<string>> {
  const { default: lines } = await import('./names.txt?raw');
  return new Set(lines.split('\n'));
}
