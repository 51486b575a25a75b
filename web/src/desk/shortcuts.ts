/** Keyboard shortcuts of the desk, with their help texts. */

import { local } from '../ui/storage';

export interface Actions {
  toggle(): void;
  shuttle(key: 'j' | 'k' | 'l'): void;
  step(frames: number): void;
  skip(ms: number): void;
  jump(to: 'start' | 'end'): void;
  markStart(): void;
  markEnd(): void;
  markStill(): void;
  nudge(end: 'in' | 'out', frames: number): void;
  repeat(): void;
  longer(): void;
  remove(): void;
  undo(): void;
  drop(): void;
  help(): void;
}

const LETTERS = 'vigpack.letters';

export const HELP: readonly (readonly [keys: readonly string[], does: string])[] = [
  [['Space'], 'play or pause'],
  [['←', '→'], 'one picture back or forward'],
  [['Shift ←', 'Shift →'], 'one second back or forward'],
  [['Page ↑', 'Page ↓'], 'ten seconds back or forward'],
  [['J', 'K', 'L'], 'backwards, stop, forwards (again: faster)'],
  [['I'], 'a moment starts here'],
  [['O'], 'it ends here'],
  [['S'], 'take a still'],
  [['['], 'start one picture earlier (Shift: later)'],
  [[']'], 'end one picture later (Shift: earlier)'],
  [['M'], 'end one second later'],
  [['R'], 'play the moment again and again'],
  [['Delete'], 'remove the moment'],
  [['Ctrl Z'], 'bring it back'],
  [['Esc'], 'leave a field; forget a start without an end'],
];

export const lettersOn = (): boolean => local.getItem(LETTERS) !== 'off';
export const setLetters = (on: boolean): void => local.setItem(LETTERS, on ? 'on' : 'off');

/** Runs the shortcut of a key; true if there is one. */
export function act(event: KeyboardEvent, actions: Actions): boolean {
  if (isTyping(event.target)) return false;
  if (event.ctrlKey || event.metaKey) {
    if (event.key.toLowerCase() !== 'z' || event.shiftKey || event.altKey) return false;
    actions.undo();
    return true;
  }
  if (event.altKey) return false;
  const plain: Record<string, () => void> = {
    ' ': () => actions.toggle(),
    ArrowLeft: () => (event.shiftKey ? actions.skip(-1000) : actions.step(-1)),
    ArrowRight: () => (event.shiftKey ? actions.skip(1000) : actions.step(1)),
    PageUp: () => actions.skip(-10_000),
    PageDown: () => actions.skip(10_000),
    Home: () => actions.jump('start'),
    End: () => actions.jump('end'),
    Delete: () => actions.remove(),
    Escape: () => actions.drop(),
  };
  const letters: Record<string, () => void> = {
    i: () => actions.markStart(),
    o: () => actions.markEnd(),
    s: () => actions.markStill(),
    j: () => actions.shuttle('j'),
    k: () => actions.shuttle('k'),
    l: () => actions.shuttle('l'),
    r: () => actions.repeat(),
    m: () => actions.longer(),
    '[': () => actions.nudge('in', -1),
    '{': () => actions.nudge('in', 1),
    ']': () => actions.nudge('out', 1),
    '}': () => actions.nudge('out', -1),
    '?': () => actions.help(),
  };
  const doIt = plain[event.key] ?? (lettersOn() ? letters[event.key.toLowerCase()] : undefined);
  // A focused control keeps its own keys.
  if (!doIt || ownsKey(event.target, event.key)) return false;
  doIt();
  return true;
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest('dialog')) return true;
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'range', 'button', 'file'].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}

function ownsKey(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (key === ' ') return target.closest('button, a, input, summary, [role="button"]') !== null;
  if (/^(Arrow|Home|End|Page)/.test(key)) return target.closest('input[type="radio"], input[type="range"], [data-own-arrows]') !== null;
  return false;
}
