/** What lies in the page's database: sealed, but for the names of cuts and the time, which tell nothing of a family. */

import type { SealKey } from '../film';

const IV_BYTES = 12;
const derived = new WeakMap<CryptoKey, Promise<CryptoKey>>();

export interface SealedEntry {
  /** The id of the key. */
  readonly by: string;
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly sealed: ArrayBuffer;
  /** Names of the cuts that belong to it, so that whose key is not at hand keeps theirs. */
  readonly cuts: string[];
  readonly at: number;
}

export const isSealed = (value: unknown): value is SealedEntry => typeof value === 'object' && value !== null && 'sealed' in value;

/** `value`, which JSON can carry, sealed for one place only: `place` is needed to open it. */
export async function sealEntry(value: object, by: SealKey, place: string, cuts: string[]): Promise<SealedEntry> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const said = new TextEncoder().encode(JSON.stringify(value));
  const sealed = await crypto.subtle.encrypt(boundTo(place, iv), await entryKey(by), said);
  return { by: by.id, iv, sealed, cuts, at: Date.now() };
}

/** Undefined where that is not the key that opens it. */
export async function openEntry<T>(entry: SealedEntry, by: SealKey, place: string): Promise<T | undefined> {
  const said = await crypto.subtle.decrypt(boundTo(place, entry.iv), await entryKey(by), entry.sealed).catch(() => null);
  return said ? (JSON.parse(new TextDecoder().decode(said)) as T) : undefined;
}

function boundTo(place: string, iv: Uint8Array<ArrayBuffer>): AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(place) };
}

function entryKey({ key }: SealKey): Promise<CryptoKey> {
  const found = derived.get(key) ?? deriveKey(key);
  derived.set(key, found);
  return found;
}

function deriveKey(key: CryptoKey): Promise<CryptoKey> {
  const [salt, info] = [new Uint8Array(), new TextEncoder().encode('vigpack record')];
  return crypto.subtle.deriveKey({ name: 'HKDF', hash: 'SHA-256', salt, info }, key, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}
