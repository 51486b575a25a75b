import { expect, it } from 'vitest';
import { Queue } from './queue';

it('what comes second begins with what the first has made, though the first takes longer', async () => {
  const queue = new Queue();
  let at = 0;
  const step = (waitMs: number) => queue.add(async () => {
    const from = at;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    at = from + 1;
    return at;
  });
  expect(await Promise.all([step(10), step(0), step(5)])).toEqual([1, 2, 3]);
});

it('one that fails tells its caller, and the next goes on', async () => {
  const queue = new Queue();
  const failed = queue.add(() => Promise.reject(new Error('no')));
  const next = queue.add(() => Promise.resolve('yes'));
  await expect(failed).rejects.toThrow('no');
  expect(await next).toBe('yes');
});
