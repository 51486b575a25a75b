import { expect, it } from 'vitest';
import { readEvent } from './events';

it('reads an event of the service', () => {
  expect(readEvent('id: 1f\nevent: selection\nretry: 2000\ndata: {"id": "a"}')).toEqual({ name: 'selection', data: '{"id": "a"}' });
});

it('a sign of life is no event', () => {
  expect(readEvent(': ping - 2026-11-23').data).toBe('');
});
