/**
 * The keys that seal what this browser keeps. The service gives them to who is signed in and only this page's memory
 * holds them, so somebody who has the browser's folder and cannot sign in reads none of it.
 */

import type { SealKey } from '../film/types';
import { api, ApiError, dataOf, signIn } from './client.svelte';
import { sleep } from './sleep';

const MAX_BACKOFF_MS = 15_000;
const ID_BYTES = 4;
const { signal: UNTIL_LEFT } = new AbortController();

interface StorageKeys {
  readonly own: SealKey[];
  readonly everybody: SealKey[];
}

let asked: Promise<StorageKeys> | undefined;

/** The key for what is kept from now on: of the account, or one that all who use the installation have. Waits for the service. Throws ApiError. */
export async function newestKey(ofEverybody: boolean): Promise<SealKey> {
  const { own, everybody } = await storageKeys();
  return (ofEverybody ? everybody : own)[0]!;
}

/** The key for cuts that are made now. Waits for the service. Throws ApiError. */
export async function cutKey(): Promise<SealKey> {
  return newestKey(!(await signIn.owner()));
}

/** All that may open something here, those that were replaced too. Waits for the service. Throws ApiError. */
export async function allKeys(): Promise<SealKey[]> {
  const { own, everybody } = await storageKeys();
  return [...own, ...everybody];
}

/** For tests: as in a page that was just opened. */
export function forgetKeys(): void {
  asked = undefined;
}

function storageKeys(): Promise<StorageKeys> {
  asked ??= askForKeys().catch((error: unknown) => {
    asked = undefined; // what needs one next asks anew
    throw error;
  });
  return asked;
}

async function askForKeys(): Promise<StorageKeys> {
  const { own, everybody } = await keysGiven();
  return { own: await Promise.all(own.map(importKey)), everybody: await Promise.all(everybody.map(importKey)) };
}

/** Waits only where waiting may help: any other refusal is a fault, and is thrown as the service told it. */
async function keysGiven(): Promise<{ own: string[]; everybody: string[] }> {
  for (let failures = 0; ; failures++) {
    try {
      return await dataOf(api.GET('/api/v1/session/storage-keys'));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 403) return { own: [], everybody: [] }; // for those who work with no films
      if (!error.retryable) throw error;
      await sleep(Math.min(MAX_BACKOFF_MS, 500 * 2 ** failures), UNTIL_LEFT);
    }
  }
}

async function importKey(said: string): Promise<SealKey> {
  const bytes = Uint8Array.from(atob(said), (letter) => letter.charCodeAt(0));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const id = [...digest.slice(0, ID_BYTES)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return { id, key: await crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveKey']) };
}
