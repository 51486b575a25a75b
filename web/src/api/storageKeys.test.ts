// @vitest-environment jsdom
import { beforeEach, describe, expect, it } from 'vitest';

import { draftKeys, keyOf, serve, storageKeys } from '../testing/server';
import { draftKey, fetchKeys, forgetKeys, keyOf as keyById } from './storageKeys';

beforeEach(async () => {
  Object.assign(storageKeys, { status: 200, own: [keyOf('own')], everybody: [keyOf('everybody')] });
  forgetKeys();
  await serve((_, response) => void response.writeHead(404).end());
});

describe('keys for what the browser keeps', () => {
  it('are waited for while the service cannot give them', async () => {
    storageKeys.status = 503;
    const waiting = fetchKeys();
    setTimeout(() => (storageKeys.status = 200), 100);
    await expect(waiting).resolves.toBeUndefined();
  });

  it.each([404, 422])('are not waited for where the service refuses with %i: what needs one next asks anew', async (status) => {
    storageKeys.status = status;
    await expect(fetchKeys()).rejects.toMatchObject({ name: 'ApiError', status });
    storageKeys.status = 200;
    await expect(fetchKeys()).resolves.toBeUndefined();
  });

  it('that are none are a fault, and not a service that cannot be reached', async () => {
    storageKeys.own = ['*'];
    await expect(fetchKeys()).rejects.not.toHaveProperty('code', 'not_reached');
  });

  it('are none for those who work with no films', async () => {
    storageKeys.status = 403;
    await fetchKeys();
    expect(await keyById('00000000')).toBeUndefined();
  });
});

describe('the key of a film', () => {
  const FILM = { film: 'film', sent: [] };

  it('is the same in every tab, another for another film, and tells by its name nothing of the film', async () => {
    const [one, other] = [await draftKey(FILM, false), await draftKey({ film: 'other', sent: [] }, false)];
    forgetKeys();
    expect((await draftKey(FILM, false)).id).toBe(one.id);
    expect(other.id).not.toBe(one.id);
    storageKeys.own = [keyOf('another account')];
    forgetKeys();
    expect((await draftKey(FILM, false)).id).not.toBe(one.id);
  });

  it('goes with what was sent of it; marked again, the film has another', async () => {
    const { id } = await draftKey({ film: 'film', sent: ['a', 'b'] }, false);
    draftKeys.erased.add('a');
    expect((await keyById(id))?.id).toBe(id);
    draftKeys.erased.add('b');
    forgetKeys();
    expect(await keyById(id)).toBeNull();
    const next = await draftKey(FILM, false);
    expect(next.id).not.toBe(id);
    expect((await keyById(next.id))?.id).toBe(next.id);
  });

  it.each([503, 500])('is the account\'s while the service answers with %i, and its own afterwards', async (status) => {
    draftKeys.status = status;
    expect((await draftKey(FILM, false)).id).toHaveLength(8);
    draftKeys.status = 200;
    expect((await draftKey(FILM, false)).id).toHaveLength(32);
  });

  it('that was given goes on serving while the service is away, and one that is wanted is waited for', async () => {
    const { id } = await draftKey(FILM, false);
    draftKeys.status = 503;
    expect((await draftKey({ film: 'film', sent: ['a'] }, false)).id).toBe(id);
    forgetKeys();
    await fetchKeys();
    const waiting = keyById(id);
    setTimeout(() => (draftKeys.status = 200), 100);
    expect((await waiting)?.id).toBe(id);
  });

  it('is waited for a little only', async () => {
    draftKeys.status = 0;
    await serve(() => undefined);
    expect((await draftKey(FILM, false)).id).toHaveLength(8);
  });
});
