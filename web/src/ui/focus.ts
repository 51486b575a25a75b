/** Keeping the focus where a keyboard user is when what had it goes away. */

import { tick } from 'svelte';

/** Takes the focus as soon as it is there: an action. */
export function focused(node: HTMLElement): void {
  node.focus();
}

/** Gives the focus back to what stands there again. */
export async function focusOn(id: string): Promise<void> {
  await tick();
  document.getElementById(id)?.focus();
}
