/** A random code of this browser, for fair scheduling. It does not identify a person. */

const KEPT = 'vigpack.guider';
const SHAPE = /^[A-Za-z0-9_-]{8,64}$/;

/** The same on each visit, until the browser's storage is cleared. */
export function guiderCode(): string {
  const kept = localStorage.getItem(KEPT);
  if (kept && SHAPE.test(kept)) return kept;
  const made = crypto.randomUUID();
  localStorage.setItem(KEPT, made);
  return made;
}
