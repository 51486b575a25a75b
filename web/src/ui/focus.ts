/** Keeps the keyboard focus in place when the focused element disappears. */

import { tick } from 'svelte';

/** Svelte action: focuses the element once it is mounted. */
export function focused(node: HTMLElement): void {
  node.focus();
}

/** Focuses the element with that id after the next update. */
export async function focusOn(id: string): Promise<void> {
  await tick();
  document.getElementById(id)?.focus();
}
