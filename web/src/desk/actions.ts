/** What the desk's buttons and keys do. */

import { announce } from '../ui/announce.svelte';
import { clock, length } from '../ui/format';
import type { Desk } from './desk.svelte';
import { lengthOf, neighbourOf, startOf, type ClipMark, type Mark } from './marks';
import type { Playback } from './playback.svelte';
import type { Actions } from './shortcuts';

/** What only the page can do. */
export interface PageActions {
  /** Chooses a moment and shows its first picture. */
  select(mark: Mark): void;
  /** Puts the caret into the words of a moment. */
  write(mark: Mark): void;
  /** Keeps the focus near what was removed. */
  afterRemoval(): void;
  zoom(by: 'in' | 'out' | 'moment'): void;
  help(): void;
}

export function actionsFor(desk: Desk, playback: Playback, page: PageActions): Actions {
  const { film, frames } = desk;
  const chosenClip = async (): Promise<ClipMark | null> => {
    const chosen = await desk.changes.add(() => Promise.resolve(desk.selected));
    if (chosen?.kind === 'clip') return chosen;
    announce('Choose a clip first.');
    return null;
  };

  async function endHere(shown: number): Promise<Mark | null> {
    const outMs = await frames.endAfter(shown);
    const from = desk.begunMs;
    const chosen = desk.selected;
    if (from !== null) {
      const made = desk.addClip(Math.min(from, shown), Math.max(outMs, await frames.endAfter(from)));
      if (made) announce(`${desk.title(made)}, ${length(lengthOf(made))}.`);
      return made;
    }
    if (chosen?.kind === 'clip' && shown >= chosen.inMs) {
      if (desk.moveEnds(chosen, chosen.inMs, outMs)) announce(`${desk.title(chosen)} now ends at ${clock(outMs)}.`);
    } else announce('First press “Starts here” where the moment starts.');
    return null;
  }

  /** Shows the end that moved; what is played again and again keeps playing, between the new ends. */
  async function show(mark: Mark, end: 'in' | 'out'): Promise<void> {
    if (mark.kind === 'clip' && playback.loop) playback.loop = { inMs: mark.inMs, outMs: mark.outMs };
    else await playback.seek(mark.kind === 'still' ? mark.atMs : end === 'in' ? mark.inMs : mark.outMs - 1);
  }

  return {
    toggle: () => void playback.toggle(),
    shuttle: (key) => void playback.shuttle(key),
    step: (n) => void playback.step(n),
    skip: (ms) => void playback.skip(ms),
    jump: (to) => void playback.seek(to === 'start' ? 0 : film.facts.durationMs),
    speed: (steps) => announce(`Speed ${playback.changeSpeed(steps)}.`),
    volume: (steps) => announce(`Volume ${Math.round(playback.changeVolume(steps) * 100)} %.`),
    zoom: (by) => page.zoom(by),
    async markStart() {
      const asked = playback.shown();
      await desk.changes.add(async () => {
        desk.begunMs = await asked;
        announce(`A moment starts at ${clock(desk.begunMs)}.`);
      });
    },
    async markEnd(byHand) {
      const asked = playback.shown();
      const made = await desk.changes.add(async () => endHere(await asked));
      if (made && byHand) page.write(made);
    },
    async markStill(byHand) {
      if (!film.facts.hasPicture) return announce('This recording has no picture to take a still from.');
      const asked = playback.shown();
      const made = await desk.changes.add(async () => desk.addStill(await asked));
      announce(`${desk.title(made)} at ${clock(startOf(made))}.`);
      if (byHand) page.write(made);
    },
    async move(mark, end, n) {
      if (!(await desk.moveByFrames(mark, end, n))) return;
      await show(mark, end);
      const at = mark.kind === 'still' ? mark.atMs : end === 'in' ? mark.inMs : mark.outMs;
      const [title, time] = [desk.title(mark), clock(at, 2)];
      announce(mark.kind === 'still' ? `${title} is at ${time}.` : end === 'in' ? `${title} starts at ${time}.` : `${title} ends at ${time}.`);
    },
    async nudge(end, n) {
      const clip = await chosenClip();
      if (clip) await this.move(clip, end, n);
    },
    repeat() {
      const clip = desk.selected;
      if (playback.loop) {
        playback.loop = null;
        playback.stop();
      } else if (clip?.kind === 'clip') {
        playback.loop = { inMs: clip.inMs, outMs: clip.outMs };
        void playback.seek(clip.inMs).then(() => playback.play());
      } else announce('Choose a clip first.');
    },
    async longer() {
      const clip = await chosenClip();
      if (!clip) return;
      const moved = await desk.changes.add(async () => {
        const outMs = await frames.endAfter(Math.min(clip.outMs + 999, film.facts.durationMs));
        return desk.moveEnds(clip, clip.inMs, outMs);
      });
      if (!moved) return;
      if (playback.loop) playback.loop = { inMs: clip.inMs, outMs: clip.outMs };
      announce(`${desk.title(clip)} is now ${length(lengthOf(clip))} long.`);
    },
    neighbour(places) {
      const next = neighbourOf(desk.ordered, desk.selected, places, playback.atMs);
      if (!next) return announce(desk.marks.length ? 'There is no other moment that way.' : 'There is no moment yet.');
      page.select(next);
      announce(`${desk.title(next)} at ${clock(startOf(next))}.`);
    },
    write() {
      if (desk.selected) page.write(desk.selected);
      else announce('Choose a moment first.');
    },
    remove() {
      const chosen = desk.selected;
      if (!chosen) return;
      const title = desk.title(chosen);
      desk.remove(chosen);
      announce(`${title} removed. Undo brings it back.`);
      page.afterRemoval();
    },
    undo() {
      const back = desk.undo();
      announce(back ? `${desk.title(back)} is back.` : 'There is nothing to undo.');
    },
    drop: () => (desk.begunMs = null),
    help: () => page.help(),
  };
}
