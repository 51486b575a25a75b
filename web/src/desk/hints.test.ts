import { expect, it } from 'vitest';
import cases from '../../../tests/pipeline/hint_cases.json';
import { hintsOn } from './hints';
import type { Mark } from './marks';

it.each(cases)('$name: the same remarks as the service’s', ({ clip, still, hints }) => {
  const words = { principle: null, caption: '' };
  const marks: Mark[] = [
    ...clip.map(([inMs, outMs], n): Mark => ({ ...words, id: `c${n}`, kind: 'clip', inMs: inMs!, outMs: outMs! })),
    ...still.map((caption, n): Mark => ({ ...words, id: `s${n}`, kind: 'still', atMs: 0, exact: true, caption })),
  ];
  expect(hintsOn(marks)).toEqual(hints);
});
