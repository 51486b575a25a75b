/** A component in jsdom's page, and a guider's hands on it. */

import { flushSync, mount, unmount, type Component } from 'svelte';
import { afterEach, expect, vi } from 'vitest';

const mounted: object[] = [];
afterEach(async () => {
  for (const one of mounted.splice(0)) await unmount(one);
});

// jsdom 29 has no dialogs that are modal.
HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement): void {
  this.open = true;
};
HTMLDialogElement.prototype.close ??= function (this: HTMLDialogElement): void {
  this.open = false;
  this.dispatchEvent(new Event('close'));
};

/** Shows `component` in the page until the test ends; what it exports. */
export function show<Props extends Record<string, unknown>, Exports extends Record<string, unknown>>(component: Component<Props, Exports>, props: Props): Exports {
  const shown = mount(component, { target: document.body, props });
  mounted.push(shown);
  flushSync();
  return shown;
}

/** What the page says, its white space as one sees it. */
export const said = (): string => (document.body.textContent ?? '').replace(/\s+/g, ' ').trim();

/** Waits until the page says that. */
export async function hear(words: string | RegExp): Promise<void> {
  await vi.waitFor(() => expect(said()).toMatch(words), { timeout: 5000, interval: 10 });
}

/** The button that says that. */
export function button(words: string): HTMLButtonElement {
  const found = [...document.querySelectorAll('button')].find((one) => one.textContent?.trim() === words);
  if (!found) throw new Error(`no button “${words}” in: ${said()}`);
  return found;
}

/** The box, circle or field beside those words. */
export function field(words: string): HTMLInputElement {
  const label = [...document.querySelectorAll('label')].find((one) => one.textContent?.replace(/\s+/g, ' ').trim() === words);
  const found = label?.querySelector('input') ?? document.getElementById(label?.htmlFor ?? '');
  if (!found) throw new Error(`no field “${words}” in: ${said()}`);
  return found as HTMLInputElement;
}

export function press(on: HTMLElement): void {
  on.click();
  flushSync();
}

/** Writes into a field as somebody types. */
export function type(into: HTMLInputElement | HTMLTextAreaElement, words: string): void {
  into.value = words;
  into.dispatchEvent(new Event('input', { bubbles: true }));
  flushSync();
}
