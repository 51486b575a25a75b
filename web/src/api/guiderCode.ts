/** A random code of this browser, for fair scheduling. It does not identify a person. */

import { BROWSER_CODE } from '../limits';
import { local } from '../ui/storage';

const KEPT = 'vigpack.guider';

/** The same on each visit, until the browser's storage is cleared. */
export function guiderCode(): string {
  const kept = local.getItem(KEPT);
  if (kept && BROWSER_CODE.test(kept)) return kept;
  const made = crypto.randomUUID();
  local.setItem(KEPT, made);
  return made;
}
