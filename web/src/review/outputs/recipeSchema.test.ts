import { expect, it } from 'vitest';
import { chosen, fieldsOf } from './recipeSchema';

const SCHEMA = {
  $defs: {
    Still: { properties: { still: { type: 'integer' }, brighten: { type: 'boolean', default: false, title: 'Brighten' } } },
    Theme: { enum: ['calm', 'warm'], type: 'string', title: 'Theme' },
  },
  properties: {
    theme: { $ref: '#/$defs/Theme', default: 'calm', description: 'How it looks.', enum_titles: { warm: 'Warm paper' } },
    title: { anyOf: [{ type: 'string', maxLength: 80 }, { type: 'null' }], default: null, title: 'Title' },
    pages: { type: 'integer', minimum: 1, maximum: 2, default: 1, title: 'Pages' },
    points: { type: 'array', items: { type: 'string' }, default: [], title: 'Points' },
    marks: { type: 'array', items: { type: 'object' }, default: [], title: 'Marks' },
    cover: { type: 'integer', minimum: 1, numbers: 'still', default: 1, title: 'Picture on the cover' },
    stills: { type: 'array', format: 'stills', items: { $ref: '#/$defs/Still' }, default: [], title: 'Each still' },
  },
};

it('reads a field for each thing that can be chosen', () => {
  expect(fieldsOf(SCHEMA).map(({ name, kind }) => [name, kind])).toEqual([
    ['theme', 'choice'],
    ['title', 'line'],
    ['pages', 'number'],
    ['points', 'lines'],
    ['marks', 'other'],
    ['cover', 'still'],
    ['stills', 'stills'],
  ]);
});

it('tells what can be chosen for each still, beside its number', () => {
  expect(fieldsOf(SCHEMA).at(-1)?.each.map(({ name, kind }) => [name, kind])).toEqual([['brighten', 'check']]);
});

it('an option has its own words, or its name in plain ones', () => {
  expect(fieldsOf(SCHEMA)[0]?.options).toEqual([{ value: 'calm', words: 'Calm' }, { value: 'warm', words: 'Warm paper' }]);
});

it('keeps the bounds of what is behind "this or nothing"', () => {
  expect(fieldsOf(SCHEMA)[1]).toMatchObject({ title: 'Title', longest: 80, initial: null });
});

it('sends only what differs from what is usual', () => {
  const values = { theme: 'warm', title: null, pages: 1, points: ['One'], marks: [] };
  expect(chosen(fieldsOf(SCHEMA), values)).toEqual({ theme: 'warm', points: ['One'] });
});
