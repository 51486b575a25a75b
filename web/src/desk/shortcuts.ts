/** Keyboard shortcuts of the desk, with their help texts. */

import { local } from '../ui/storage';
import type { Mark } from './marks';

export interface Actions {
  toggle(): void;
  shuttle(key: 'j' | 'k' | 'l'): void;
  step(frames: number): void;
  skip(ms: number): void;
  jump(to: 'start' | 'end'): void;
  /** Faster (1) or slower (-1). */
  speed(steps: -1 | 1): void;
  /** Louder (1) or quieter (-1). */
  volume(steps: -1 | 1): void;
  /** `moment`: to the chosen moment, or back to the whole film. */
  zoom(by: 'in' | 'out' | 'moment'): void;
  markStart(): void;
  /** `byHand`: by a button; then what was made waits for its words, while keys go on marking. */
  markEnd(byHand?: boolean): void;
  markStill(byHand?: boolean): void;
  /** Moves an end of a moment by pictures and shows it. */
  move(mark: Mark, end: 'in' | 'out', frames: number): Promise<void>;
  nudge(end: 'in' | 'out', frames: number): void;
  repeat(): void;
  longer(): void;
  /** Chooses the moment before (-1) or after (1) the chosen one. */
  neighbour(places: -1 | 1): void;
  /** Puts the caret into the chosen moment's words. */
  write(): void;
  remove(): void;
  undo(): void;
  drop(): void;
  help(): void;
}

const LETTERS = 'vigpack.letters';

interface Group {
  readonly title: string;
  readonly keys: readonly (readonly [keys: readonly string[], does: string])[];
}

/** As `act` does it. Second keys are those of LosslessCut and Kinovea. */
export const HELP: readonly Group[] = [
  {
    title: 'Watch',
    keys: [
      [['Space'], 'play or pause'],
      [['J', 'K', 'L'], 'backwards, stop, forwards (again: faster)'],
      [['←', '→', ',', '.'], 'one picture back or forward'],
      [['Shift ←', 'Shift →'], 'one second back or forward'],
      [['Page ↑', 'Page ↓'], 'ten seconds back or forward'],
      [['Home', 'End'], 'start or end of the film'],
      [['Shift ↑', 'Shift ↓'], 'faster or slower'],
      [['Alt ↑', 'Alt ↓'], 'louder or quieter'],
    ],
  },
  {
    title: 'Mark',
    keys: [
      [['I'], 'a moment starts here'],
      [['O'], 'it ends here'],
      [['S', 'C', 'Insert'], 'take a still'],
      [['['], 'start one picture earlier (Shift: later)'],
      [[']'], 'end one picture later (Shift: earlier)'],
      [['M'], 'end one second later'],
      [['Esc'], 'cancel a start without an end'],
    ],
  },
  {
    title: 'Moments',
    keys: [
      [['↑', '↓'], 'the moment before or after'],
      [['Ctrl ←', 'Ctrl →'], 'the same'],
      [['Enter'], 'write its caption; Enter again when done'],
      [['R'], 'play it on repeat'],
      [['Z'], 'zoom to it, or to the whole film'],
      [['Ctrl ↑', 'Ctrl ↓'], 'zoom in or out'],
      [['Delete', '⌫'], 'remove it'],
      [['Ctrl Z'], 'bring it back'],
    ],
  },
];

export const lettersOn = (): boolean => local.getItem(LETTERS) !== 'off';
export const setLetters = (on: boolean): void => local.setItem(LETTERS, on ? 'on' : 'off');

/** Runs the shortcut of a key; true if there is one. */
export function act(event: KeyboardEvent, actions: Actions): boolean {
  if (isTyping(event.target)) return false;
  if (event.metaKey && event.key.toLowerCase() !== 'z') return false;
  const doIt = event.ctrlKey || event.metaKey ? withControl(event, actions) : event.altKey ? withAlt(event, actions) : alone(event, actions);
  // A focused control keeps its own keys, and a page that is higher than the window its arrows.
  if (!doIt || ownsKey(event.target, event.key) || scrolls(event)) return false;
  doIt();
  return true;
}

function withControl(event: KeyboardEvent, actions: Actions): (() => void) | undefined {
  if (event.shiftKey || event.altKey) return undefined;
  const keys: Record<string, () => void> = {
    z: () => actions.undo(),
    ArrowLeft: () => actions.neighbour(-1),
    ArrowRight: () => actions.neighbour(1),
    ArrowUp: () => actions.zoom('in'),
    ArrowDown: () => actions.zoom('out'),
    Delete: () => actions.remove(),
  };
  return keys[event.key] ?? keys[event.key.toLowerCase()];
}

/** Browsers go back and forward by Alt and the other arrows. */
function withAlt(event: KeyboardEvent, actions: Actions): (() => void) | undefined {
  if (event.key === 'ArrowUp') return () => actions.volume(1);
  if (event.key === 'ArrowDown') return () => actions.volume(-1);
  return undefined;
}

function alone(event: KeyboardEvent, actions: Actions): (() => void) | undefined {
  const plain: Record<string, () => void> = {
    ' ': () => actions.toggle(),
    ArrowLeft: () => (event.shiftKey ? actions.skip(-1000) : actions.step(-1)),
    ArrowRight: () => (event.shiftKey ? actions.skip(1000) : actions.step(1)),
    ArrowUp: () => (event.shiftKey ? actions.speed(1) : actions.neighbour(-1)),
    ArrowDown: () => (event.shiftKey ? actions.speed(-1) : actions.neighbour(1)),
    PageUp: () => actions.skip(-10_000),
    PageDown: () => actions.skip(10_000),
    Home: () => actions.jump('start'),
    End: () => actions.jump('end'),
    Insert: () => actions.markStill(),
    Enter: () => actions.write(),
    Delete: () => actions.remove(),
    Backspace: () => actions.remove(),
    Escape: () => actions.drop(),
  };
  const letters: Record<string, () => void> = {
    i: () => actions.markStart(),
    o: () => actions.markEnd(),
    s: () => actions.markStill(),
    c: () => actions.markStill(),
    ',': () => actions.step(-1),
    '.': () => actions.step(1),
    z: () => actions.zoom('moment'),
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
  return plain[event.key] ?? (lettersOn() ? letters[event.key.toLowerCase()] : undefined);
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest('dialog')) return true;
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'range', 'button', 'file'].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}

function ownsKey(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (key === ' ' || key === 'Enter') return target.closest('button, a, input, summary, [role="button"]') !== null;
  if (/^(Arrow|Home|End|Page)/.test(key)) return target.closest('input[type="radio"], input[type="range"], [data-own-arrows]') !== null;
  return false;
}

function scrolls(event: KeyboardEvent): boolean {
  const alone = !event.ctrlKey && !event.altKey && !event.shiftKey;
  return alone && (event.key === 'ArrowUp' || event.key === 'ArrowDown') && document.documentElement.scrollHeight > innerHeight;
}
