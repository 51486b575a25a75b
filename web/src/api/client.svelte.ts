/** Requests to the service: typed by its OpenAPI document, signed in, and with problems in plain words. */

import createClient from 'openapi-fetch';
import type { paths } from './schema';
import { isStorageBlocked, local } from '../ui/storage';
import type { SignedIn } from './types';

const SESSION = '/api/v1/session';
/** In the address that `vigpack up` shows. */
const KEY = /^#key=([\w-]{20,200})$/;
/** In the link by which somebody is invited. */
const INVITATION = /^#invite=([\w-]{20,200})$/;
/** Who used this browser last: whose unsent moments are shown while the service cannot be reached. */
const LAST_ACCOUNT = 'vigpack.account';
/** Then the page goes on without knowing who uses it. */
const UNANSWERED_MS = 5000;
/** One owner for all that use the installation (records/accounts/principal.py). */
const OF_EVERYBODY = /^0{31}[123]$/;

/** What tabs of one browser tell each other. */
type Told = 'wanted' | 'signed in' | 'keep' | 'erase' | 'left';

/** A request the service refused, in its own words; `status` 0: it could not be reached. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly status: number,
    readonly code: string,
    readonly sentence: string,
    /** When the service wants to be asked again, in seconds from now; null where it did not say. */
    readonly retryAfterS: number | null = null,
  ) {
    super(`${status} ${code}`);
  }

  /** Whether the same request may succeed later without anybody doing anything. */
  get retryable(): boolean {
    return this.status === 0 || this.status === 423 || this.status === 429 || this.status >= 500;
  }
}

export const NOT_REACHED = 'The service cannot be reached just now.';

/**
 * Who uses the page. A secret (the key in the address, or a shared token) is exchanged for a session, whose cookie the
 * browser carries by itself. Only where it keeps no cookie, or the service cannot keep a session just now, does the page
 * hold on to the secret until it is left, and sends it along.
 */
class SignIn {
  /** What the page asks for: the shared token, or to be opened by the right address. */
  wanted = $state<'' | 'token' | 'address'>('');
  /** Why what was given last did not do, or how to open the page. */
  sentence = $state('');
  /** What an invitation's link carried, until an account was set up by it. */
  invitation = $state('');
  /** Null until the service has said it. */
  who = $state.raw<SignedIn | null>(null);
  #secret = '';
  #given = 0;
  #waiting: (() => void)[] = [];
  #asked: Promise<unknown> | undefined;
  #assumed = '';
  /** False while what the browser keeps is being erased, so that nothing is written again. */
  #isKeeping = true;
  /** One tab may ask on behalf of others, and be one that nobody looks at. */
  readonly #tabs = isStorageBlocked() ? null : new BroadcastChannel('vigpack-sign-in');

  constructor() {
    this.#tabs?.addEventListener('message', ({ data }: MessageEvent<Told>) => {
      if (data === 'signed in') void this.#resume();
      else if (data === 'left') location.reload();
      else if (data === 'keep' || data === 'erase') this.#isKeeping = data === 'keep';
      else if (!this.wanted) void this.look().catch(() => undefined);
    });
  }

  /** Changes whenever somebody signs in. */
  get count(): number {
    return this.#given;
  }

  /** Whether the browser does not carry a session, so that <img> and <video> need help. */
  get bySecret(): boolean {
    return this.#secret !== '';
  }

  headers(): Record<string, string> {
    return this.#secret ? { Authorization: `Bearer ${this.#secret}` } : {};
  }

  /** Signs in; what was waiting goes on. */
  async give(secret: string): Promise<void> {
    const body = JSON.stringify({ secret: secret.trim() });
    const answer = await fetch(SESSION, { method: 'POST', body, headers: { 'Content-Type': 'application/json' } }).catch(() => null);
    if (answer && answer.status !== 503 && !answer.ok) {
      const refused = errorFrom(answer.status, await answer.text(), null);
      this.sentence = answer.status === 401 && this.wanted === 'token' ? 'That was not the right one. Please try again.' : refused.sentence;
      return;
    }
    const isKept = answer?.ok && (await fetch(SESSION).catch(() => null))?.ok;
    this.#secret = isKept ? '' : secret.trim();
    await this.goOn();
  }

  /** Tries again what was waiting: signed in here, or in another tab. */
  async goOn(): Promise<void> {
    await this.#resume();
    this.#tabs?.postMessage('signed in' satisfies Told);
  }

  /** What one person asked for is not done as another. */
  async #resume(): Promise<void> {
    const answer = await fetch(SESSION, { headers: this.headers() }).catch(() => null);
    if (answer?.ok && !this.#meet((await answer.json()) as SignedIn)) return;
    this.#given += 1;
    this.wanted = this.sentence = '';
    for (const resume of this.#waiting.splice(0)) resume();
  }

  /** Asks the service who is signed in. Throws ApiError. */
  async look(signal?: AbortSignal): Promise<SignedIn> {
    const who = await dataOf(api.GET(SESSION, signal ? { signal } : {}));
    this.#meet(who);
    return who;
  }

  /** The person whose things this browser shows; '' where everybody of the installation shares one account. */
  async owner(): Promise<string> {
    if (!this.who) {
      this.#asked ??= this.look(AbortSignal.timeout(UNANSWERED_MS)).catch(() => (this.#assumed = local.getItem(LAST_ACCOUNT) ?? ''));
      await this.#asked;
    }
    const known = this.who?.account_id ?? this.#assumed;
    return OF_EVERYBODY.test(known) ? '' : known;
  }

  /** Whether anything is to be written to what the browser keeps; the same for all its tabs. */
  get isKeeping(): boolean {
    return this.#isKeeping;
  }

  setKeeping(on: boolean): void {
    this.#isKeeping = on;
    this.#tabs?.postMessage((on ? 'keep' : 'erase') satisfies Told);
  }

  /** After signing out: this tab and the browser's others begin anew. */
  leave(goTo = ''): void {
    this.#secret = '';
    local.removeItem(LAST_ACCOUNT);
    this.#tabs?.postMessage('left' satisfies Told);
    history.replaceState(null, '', location.pathname);
    if (goTo) location.assign(goTo);
    else location.reload();
  }

  /** False where the page is loaded anew, since it was another's until now. */
  #meet(who: SignedIn): boolean {
    const before = this.who?.account_id ?? this.#assumed;
    if (before && before !== who.account_id) {
      local.setItem(LAST_ACCOUNT, who.account_id);
      location.reload();
      return false;
    }
    if (!this.who) local.setItem(LAST_ACCOUNT, who.account_id);
    this.who = who;
    return true;
  }

  /** Resolves once somebody signed in after `count`. `refused` is what the service said. */
  async ask(count: number, refused: ApiError): Promise<void> {
    if (this.#given !== count) return;
    if (!this.wanted) this.#tabs?.postMessage('wanted' satisfies Told);
    this.wanted = refused.code === 'address_wanted' ? 'address' : 'token';
    if (this.wanted === 'address') this.sentence = refused.sentence;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Uses the key or the invitation in the address, if there is one, and takes it out of the address and the history. */
  async takeKey(): Promise<void> {
    const key = KEY.exec(location.hash)?.[1];
    const invitation = INVITATION.exec(location.hash)?.[1];
    if (!key && !invitation) return;
    history.replaceState(history.state, '', location.pathname + location.search);
    this.invitation = invitation ?? '';
    if (key) await this.give(key);
  }
}

export const signIn = new SignIn();

/**
 * Every operation of the API by its path, with its parameters, body and response typed.
 *
 * `const view = await dataOf(api.GET('/api/v1/selections/{selection_id}', { params: { path: { selection_id } } }))`.
 * Throws ApiError instead of giving an `error`.
 */
export const api = createClient<paths>({
  fetch: (request: Request) =>
    whenSignedIn((headers) => {
      const attempt = request.clone(); // a body can be read once, and somebody may have to sign in first
      for (const [name, value] of Object.entries(headers)) attempt.headers.set(name, value);
      return fetch(attempt);
    }, request.signal),
});

/** The body of an answer. */
export async function dataOf<T>(answer: Promise<{ data?: T }>): Promise<T> {
  return (await answer).data as T;
}

/** Where the next page of a list begins, from the address that the page before gave; nothing for the first page. */
export function behind(next: string | null): { cursor?: string } {
  const cursor = next && new URL(next, location.origin).searchParams.get('cursor');
  return cursor ? { cursor } : {};
}

/** The raw response, for files and streams. Throws ApiError. */
export function request(path: string, init: RequestInit & { headers?: Record<string, string> } = {}): Promise<Response> {
  return whenSignedIn((headers) => fetch(path, { ...init, headers: { ...headers, ...init.headers } }), init.signal);
}

/** Asks the guider to sign in where the service does not know her, and tries again. */
async function whenSignedIn(
  send: (headers: Record<string, string>) => Promise<Response>,
  signal: AbortSignal | null | undefined,
): Promise<Response> {
  for (;;) {
    const count = signIn.count;
    const response = await send(signIn.headers()).catch((error: unknown) => {
      if (signal?.aborted) throw error;
      throw new ApiError(0, 'not_reached', NOT_REACHED);
    });
    if (response.ok) return response;
    const refused = errorFrom(response.status, await response.text(), response.headers.get('Retry-After'));
    if (response.status !== 401) throw refused;
    await signIn.ask(count, refused);
  }
}

/** The problem that a response's body tells, or a plain sentence where a proxy has answered instead of the service. */
export function errorFrom(status: number, body: string, retryAfter: string | null | undefined): ApiError {
  const seconds = retryAfter && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : null;
  try {
    const problem = JSON.parse(body) as { code?: string; detail?: string };
    if (problem.code && problem.detail) return new ApiError(status, problem.code, problem.detail, seconds);
  } catch {
    // not from the service itself: a proxy's own page
  }
  return new ApiError(status, 'no_problem', `${NOT_REACHED} (It answered ${status}.)`, seconds);
}
