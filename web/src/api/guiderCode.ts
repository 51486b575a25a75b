/** A random code of this browser. With it the service shares out its time fairly; it says nothing of who sits here. */

const KEPT = 'vigpack.guider';
const SHAPE = /^[A-Za-z0-9_-]{8,64}$/;

/** The same at each visit, until the browser forgets it. */
export function guiderCode(): string {
  const kept = localStorage.getItem(KEPT);
  if (kept && SHAPE.test(kept)) return kept;
  const made = crypto.randomUUID();
  localStorage.setItem(KEPT, made);
  return made;
}
