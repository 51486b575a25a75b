/** A random code of this browser, for fair scheduling. It does not identify a person. */

import { BROWSER_CODE } from '../limits';

const KEPT = 'vigpack.guider';

/** The same on each visit, until the browser's storage is cleared. */
export function guiderCode(): string {
  const kept = localStorage.getItem(KEPT);
  if (kept && BROWSER_CODE.test(kept)) return kept;
  const made = crypto.randomUUID();
  localStorage.setItem(KEPT, made);
  return made;
}
