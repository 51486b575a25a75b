// @vitest-environment jsdom
import { afterEach, describe, expect, it } from 'vitest';

import { act, HELP, setLetters, type Actions } from './shortcuts';

/** Notes what is done, as in `step -1`. */
function noting(): { actions: Actions; done: string[] } {
  const done: string[] = [];
  const note = (name: string) => (...words: unknown[]): void => void done.push([name, ...words].join(' '));
  return { actions: new Proxy({}, { get: (_, name: string) => note(name) }) as Actions, done };
}

/** What a key does, typed in an element. */
function typed(key: string, held: KeyboardEventInit = {}, within: HTMLElement = document.body): string | undefined {
  const { actions, done } = noting();
  const event = new KeyboardEvent('keydown', { key, ...held });
  Object.defineProperty(event, 'target', { value: within });
  expect(act(event, actions)).toBe(done.length > 0);
  return done[0];
}

const element = (html: string): HTMLElement => {
  document.body.innerHTML = html;
  return document.body.firstElementChild as HTMLElement;
};

afterEach(() => {
  setLetters(true);
  document.body.innerHTML = '';
});

describe('keys', () => {
  it('are those of LosslessCut', () => {
    expect([' ', 'i', 'o', 'c', ',', '.', 'z', 'Enter', 'Backspace'].map((key) => typed(key))).toEqual([
      'toggle', 'markStart', 'markEnd', 'markStill', 'step -1', 'step 1', 'zoom moment', 'write', 'remove',
    ]);
    expect([typed('ArrowUp'), typed('ArrowDown')]).toEqual(['neighbour -1', 'neighbour 1']);
    expect([typed('ArrowUp', { ctrlKey: true }), typed('ArrowDown', { ctrlKey: true })]).toEqual(['zoom in', 'zoom out']);
    expect([typed('ArrowUp', { altKey: true }), typed('ArrowDown', { altKey: true })]).toEqual(['volume 1', 'volume -1']);
    expect(typed('?')).toBe('help');
  });

  it('and of Kinovea', () => {
    expect([typed('ArrowLeft'), typed('ArrowRight'), typed('Home'), typed('End')]).toEqual(['step -1', 'step 1', 'jump start', 'jump end']);
    expect([typed('ArrowLeft', { ctrlKey: true }), typed('ArrowRight', { ctrlKey: true })]).toEqual(['neighbour -1', 'neighbour 1']);
    expect([typed('ArrowUp', { shiftKey: true }), typed('ArrowDown', { shiftKey: true })]).toEqual(['speed 1', 'speed -1']);
    expect([typed('Insert'), typed('Delete', { ctrlKey: true }), typed('z', { ctrlKey: true })]).toEqual(['markStill', 'remove', 'undo']);
  });

  it('belong to the field that is written in, and to the control that has the focus', () => {
    for (const html of ['<textarea></textarea>', '<input>', '<select></select>']) {
      const field = element(html);
      expect(['i', 'Backspace', 'Enter', 'ArrowUp', ' '].map((key) => typed(key, {}, field))).toEqual(Array(5).fill(undefined));
    }
    const button = element('<button>Play</button>');
    expect([typed(' ', {}, button), typed('Enter', {}, button), typed('i', {}, button)]).toEqual([undefined, undefined, 'markStart']);
    const slider = element('<input type="range">');
    expect([typed('ArrowUp', {}, slider), typed('i', {}, slider)]).toEqual([undefined, 'markStart']);
  });

  it('leave the browser its own', () => {
    expect(typed('ArrowLeft', { altKey: true })).toBeUndefined();
    expect(typed('ArrowLeft', { metaKey: true })).toBeUndefined();
    expect(typed('c', { ctrlKey: true })).toBeUndefined();
    expect(typed('[', { ctrlKey: true, altKey: true })).toBeUndefined(); // AltGr
  });

  it('that are letters and signs can be switched off', () => {
    setLetters(false);
    expect(['i', 'z', ',', '?'].map((key) => typed(key))).toEqual([undefined, undefined, undefined, undefined]);
    expect(typed('ArrowDown')).toBe('neighbour 1');
  });

  it('scroll a page that is higher than the window', () => {
    Object.defineProperty(document.documentElement, 'scrollHeight', { value: 9000, configurable: true });
    expect([typed('ArrowDown'), typed('ArrowDown', { ctrlKey: true })]).toEqual([undefined, 'zoom out']);
    Object.defineProperty(document.documentElement, 'scrollHeight', { value: 0, configurable: true });
  });

  it('that help names all do something', () => {
    const keyOf: Record<string, string> = { '←': 'ArrowLeft', '→': 'ArrowRight', '↑': 'ArrowUp', '↓': 'ArrowDown', Space: ' ', Esc: 'Escape', '⌫': 'Backspace', 'Page ↑': 'PageUp', 'Page ↓': 'PageDown' };
    const dead = HELP.flatMap(({ keys }) => keys.flatMap(([names]) => names)).filter((name) => {
      const [, held = '', key = name] = /^(Shift|Ctrl|Alt) (.+)$/.exec(name) ?? [];
      return typed(keyOf[key] ?? key.replace(/^[A-Z]$/, (letter) => letter.toLowerCase()), { shiftKey: held === 'Shift', ctrlKey: held === 'Ctrl', altKey: held === 'Alt' }) === undefined;
    });
    expect(dead).toEqual([]);
  });
});
