// @vitest-environment jsdom
import { beforeEach, describe, expect, it } from 'vitest';

import { keyOf, serve, storageKeys } from '../testing/server';
import { allKeys, forgetKeys } from './storageKeys';

beforeEach(async () => {
  Object.assign(storageKeys, { status: 200, own: [keyOf('own')], everybody: [keyOf('everybody')] });
  forgetKeys();
  await serve((_, response) => void response.writeHead(404).end());
});

describe('keys for what the browser keeps', () => {
  it('are waited for while the service cannot give them', async () => {
    storageKeys.status = 503;
    const waiting = allKeys();
    setTimeout(() => (storageKeys.status = 200), 100);
    expect(await waiting).toHaveLength(2);
  });

  it.each([404, 422])('are not waited for where the service refuses with %i: what needs one next asks anew', async (status) => {
    storageKeys.status = status;
    await expect(allKeys()).rejects.toMatchObject({ name: 'ApiError', status });
    storageKeys.status = 200;
    expect(await allKeys()).toHaveLength(2);
  });

  it('that are none are a fault, and not a service that cannot be reached', async () => {
    storageKeys.own = ['*'];
    await expect(allKeys()).rejects.not.toHaveProperty('code', 'not_reached');
  });

  it('are none for those who work with no films', async () => {
    storageKeys.status = 403;
    expect(await allKeys()).toEqual([]);
  });
});
