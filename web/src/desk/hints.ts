/** Friendly remarks on the marks, by the same rules and in the same words as the service's. None forbids anything. */

import tables from '../../../configs/hints.toml';
import { lengthOf, type Mark } from './marks';

const rules = tables as {
  many_clips: { most_clips: number; sentence: string };
  long_clip: { most_ms: number; sentence: string };
  wordy_caption: { most_words: number; sentence: string };
};

export function hintsOn(marks: readonly Mark[]): string[] {
  const clips = marks.filter((mark) => mark.kind === 'clip');
  const stills = marks.filter((mark) => mark.kind === 'still');
  const { many_clips, long_clip } = rules;
  const found: string[] = [];
  if (clips.length > many_clips.most_clips) found.push(fill(many_clips.sentence, { clips: clips.length }));
  for (const [index, clip] of clips.entries()) {
    if (lengthOf(clip) <= long_clip.most_ms) continue;
    found.push(fill(long_clip.sentence, { number: index + 1, seconds: Math.round(lengthOf(clip) / 1000) }));
  }
  for (const [index, still] of stills.entries()) {
    const wordy = wordyHint(still.caption, index + 1);
    if (wordy) found.push(wordy);
  }
  return found;
}

/** What is to be said of the caption of the still with that number; null where it reads well on a wall. */
export function wordyHint(caption: string, number: number): string | null {
  const words = caption.split(/\s+/).filter(Boolean).length;
  const { most_words, sentence } = rules.wordy_caption;
  return words > most_words ? fill(sentence, { number, words, most_words }) : null;
}

function fill(sentence: string, values: Record<string, number>): string {
  return sentence.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]));
}
