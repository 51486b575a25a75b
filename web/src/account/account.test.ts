// @vitest-environment jsdom
import { beforeEach, describe, expect, it } from 'vitest';

import { api, signIn } from '../api/client.svelte';
import type { SignedIn } from '../api/types';
import { forgetKeys } from '../api/storageKeys';
import { get, getAll, put, remove, sealOlder, whatIsKept } from '../desk/browserDatabase';
import type { SealedEntry } from '../desk/sealedEntry';
import { addCut, cutNames, newBrowser } from '../testing/browser';
import { answerJson, answerProblem, draftKeys, keyOf, serve, storageKeys } from '../testing/server';
import { eraseKept, findKept, isSharedWithOthers } from './kept';
import { kindOf, nameOf, waitingSentence, whenOf } from './words';

const [ADA, BEN, MACHINE] = ['a'.repeat(32), 'b'.repeat(32), `${'0'.repeat(31)}1`];

const person = (account_id: string, name = 'Ada'): SignedIn =>
  ({ account_id, name, roles: ['guider', 'supervisor'], scopes: ['reviews:read'], via: 'session', ends_at: null, signs_out_there: false, waits_for_confirmation: false, elsewhere: 0 });

const draftOf = (key: string, family: string, cut?: string) =>
  ({ key, marks: [{}, {}], details: { family }, cuts: cut ? [{ cut: { name: cut } }] : [] });

/** Somebody opens the page: the service gives the account's own keys. */
function opens(account: string, ...keys: string[]): void {
  signIn.who = person(account);
  storageKeys.own = (keys.length ? keys : [account]).map(keyOf);
  forgetKeys();
}

const database = (): Promise<IDBDatabase> => settled(indexedDB.open('vigpack'));
const settled = <T>(asked: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => Object.assign(asked, { onsuccess: () => resolve(asked.result), onerror: () => reject(asked.error as Error) }));
/** What lies in the browser's folder, as it lies there. */
const stores = async (name: string): Promise<SealedEntry[]> => settled((await database()).transaction(name).objectStore(name).getAll());
const store = async (name: string, key: string, value: object): Promise<unknown> =>
  settled((await database()).transaction(name, 'readwrite').objectStore(name).put(value, key));

beforeEach(async () => {
  await newBrowser();
  signIn.who = null;
});

describe('names', () => {
  it('of accounts that nobody has alone are plain words', () => {
    expect(nameOf(person(MACHINE))).toBe('On this computer');
    expect(nameOf(person(`${'0'.repeat(31)}2`))).toBe('Guiders of this service');
    expect([nameOf(person(ADA)), kindOf(person(ADA))]).toEqual(['Ada', 'Guider, Supervisor']);
  });

  it('of days are as short as they can be', () => {
    const now = new Date('2026-11-28T12:00:00');
    expect(whenOf('2026-11-28T09:05:00', now)).toBe('today, 09:05');
    expect(whenOf('2026-11-03T09:05:00', now)).toBe('3 Nov, 09:05');
    expect(whenOf('2025-11-03T09:05:00', now)).toBe('3 Nov 2025');
  });
});

describe('a new invitation that waits for a second person', () => {
  const waiting = { account_id: ADA, name: 'Ada', by: 'Ben', reason: 'forgot_password', at: '2026-11-28T09:05:00Z', is_opened: true, can_be_mine: true };

  it('says what is to be done, and by whom', () => {
    expect(waitingSentence({ ...waiting, is_opened: false })).toBe('Ben invited Ada anew. The invitation has not been used yet.');
    expect(waitingSentence(waiting)).toContain('asked Ada in person');
    expect(waitingSentence({ ...waiting, can_be_mine: false })).toContain('another manager or information governance');
  });
});

describe('what a browser keeps', () => {
  beforeEach(() => serve((_, response) => void response.writeHead(404).end()));

  it('is not readable in its folder, and in no other place than its own', async () => {
    opens(ADA);
    await put('drafts', 'film', draftOf('film', 'K-104', 'hers.mp4'));
    const [stored] = await stores('drafts');
    expect(JSON.stringify(stored)).not.toContain('K-104');
    expect(new TextDecoder().decode(stored?.sealed)).not.toContain('K-104');
    expect(stored?.cuts).toEqual(['hers.mp4']);
    await store('drafts', `${ADA}/another`, stored!);
    expect(await get('drafts', 'another')).toBeUndefined();
  });

  it('that an earlier version left plain is sealed, and marks that nobody went on with go, whosever they are', async () => {
    opens(ADA);
    await store('drafts', `${ADA}/old`, draftOf('old', 'K-104'));
    await store('drafts', 'shared', draftOf('shared', 'K-105'));
    await sealOlder(1000);
    expect((await stores('drafts')).every((one) => one.sealed)).toBe(true);
    opens(BEN);
    expect(await getAll('drafts')).toMatchObject([{ details: { family: 'K-105' } }]);
    await sealOlder(-1);
    expect(await stores('drafts')).toEqual([]);
  });

  it('opens with an account\'s key that was replaced, and with none that is not the account\'s', async () => {
    opens(ADA);
    draftKeys.status = 503;
    await put('drafts', 'film', draftOf('film', 'K-104'));
    opens(ADA, 'a new key', ADA);
    expect(await get('drafts', 'film')).toMatchObject({ details: { family: 'K-104' } });
    opens(ADA, 'a new key');
    expect([await get('drafts', 'film'), await getAll('drafts')]).toEqual([undefined, []]);
  });

  it('that an account\'s key sealed while the service gave no other is sealed by its film\'s as soon as it does', async () => {
    opens(ADA);
    draftKeys.status = 503;
    await put('drafts', 'film', draftOf('film', 'K-104'));
    expect((await stores('drafts'))[0]?.by).toHaveLength(8);
    draftKeys.status = 200;
    await sealOlder(1000);
    expect((await stores('drafts'))[0]?.by).toHaveLength(32);
    expect(await get('drafts', 'film')).toMatchObject({ details: { family: 'K-104' } });
  });

  it('of a film goes with the last of what was sent of it, unread, and what another film has stays', async () => {
    opens(ADA);
    await put('drafts', 'film', { ...draftOf('film', 'K-104'), sent: ['s1'] });
    await put('sendings', 's1', { id: 's1', family: 'K-104', cycle: 1, filmKey: 'film', parts: [] });
    await put('drafts', 'other', draftOf('other', 'K-105'));
    draftKeys.erased.add('s1');
    opens(ADA);
    expect(await getAll('drafts')).toMatchObject([{ details: { family: 'K-105' } }]);
    expect([await getAll('sendings'), (await stores('drafts')).length, (await stores('sendings')).length]).toEqual([[], 1, 0]);
  });

  it('is shown only to the person who left it there', async () => {
    opens(ADA);
    await put('drafts', 'film', draftOf('film', 'K-104'));
    opens(BEN);
    expect([await get('drafts', 'film'), await getAll('drafts')]).toEqual([undefined, []]);
    expect((await whatIsKept(null)).count).toBe(1);
    await put('drafts', 'film', draftOf('film', 'M-7'));
    await remove('drafts', 'film');
    opens(ADA);
    expect(await get('drafts', 'film')).toMatchObject({ details: { family: 'K-104' } });
  });

  it('from before people had accounts is lost to nobody, and becomes theirs who goes on with it', async () => {
    opens(MACHINE);
    await put('drafts', 'film', draftOf('film', 'K-104'));
    opens(ADA);
    expect(await get('drafts', 'film')).toMatchObject({ details: { family: 'K-104' } });
    await put('drafts', 'film', draftOf('film', 'K-105'));
    opens(BEN);
    expect(await getAll('drafts')).toEqual([]);
  });

  it('is told when it was not sent, and erased without what others left', async () => {
    opens(BEN);
    await put('drafts', 'other', draftOf('other', 'M-7', 'his.mp4'));
    opens(ADA);
    await put('drafts', 'film', draftOf('film', 'K-104', 'hers.mp4'));
    await put('drafts', 'sent', draftOf('sent', 'K-105'));
    await put('sendings', '1', { family: 'K-105', cycle: 2, filmKey: 'sent', parts: [{ done: true, bytes: 9, cut: null }, { done: false, bytes: 4_200_000, cut: 'half.mp4' }] });
    for (const name of ['his.mp4', 'hers.mp4', 'half.mp4']) await addCut(name, 1);
    expect((await findKept()).unsent).toEqual(['K-105, cycle 2: 4.2 MB not sent yet', 'K-104: 2 moments marked and not sent']);
    expect(await isSharedWithOthers()).toBe(true);
    await eraseKept();
    expect(await findKept()).toEqual({ unsent: [], isAnything: false });
    expect([await cutNames(), await whatIsKept(null)]).toEqual([['his.mp4'], { count: 1, cuts: ['his.mp4'] }]);
  });
});

describe('a session that ended', () => {
  let who: SignedIn | null;
  let asked: string[];

  beforeEach(async () => {
    [who, asked] = [null, []];
    await serve((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      if (!who) return answerProblem(response, 401, 'token_wanted');
      answerJson(response, request.url === '/api/v1/session' ? who : {});
    });
  });

  async function askAndBeRefused(): Promise<void> {
    signIn.who = person(ADA);
    void api.POST('/api/v1/selections/{selection_id}/retry', { params: { path: { selection_id: '1' } } });
    await expect.poll(() => signIn.wanted).toBe('token');
  }

  const retries = (): number => asked.filter((one) => one.endsWith('/retry')).length;

  it('goes on with what was asked for once the same person is back', async () => {
    await askAndBeRefused();
    who = person(ADA);
    await signIn.goOn();
    await expect.poll(retries).toBe(2);
  });

  it('does nothing in the name of another', async () => {
    await askAndBeRefused();
    who = person(BEN);
    await signIn.goOn();
    expect(signIn.who?.account_id).toBe(ADA);
    expect(retries()).toBe(1);
  });
});

describe('a service that is not reached', () => {
  it('keeps closed what lies here, and nobody begins anew over it', async () => {
    await serve((_, response) => void response.writeHead(404).end());
    opens(ADA);
    await put('drafts', 'film', draftOf('film', 'K-104'));
    localStorage.setItem('vigpack.account', ADA);
    signIn.who = null;
    forgetKeys();
    storageKeys.status = 503;
    await expect(get('drafts', 'film')).rejects.toMatchObject({ code: 'not_reached' });
    expect(await get('drafts', 'another film')).toBeUndefined();
    storageKeys.status = 200;
    expect(await getAll('drafts')).toHaveLength(1); // whose it is, is remembered
  }, 20_000);
});
