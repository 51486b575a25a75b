/** Requests to the service: typed by its OpenAPI document, with the token, and with problems in plain words. */

import createClient from 'openapi-fetch';
import type { paths } from './schema';

const TOKEN = 'vigpack.token';

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

class Token {
  /** The page shows the question while this is true. */
  wanted = $state(false);
  /** True when the last one given was not the right one. */
  wrong = $state(false);
  #value = sessionStorage.getItem(TOKEN) ?? '';
  #waiting: (() => void)[] = [];

  get value(): string {
    return this.#value;
  }

  headers(): Record<string, string> {
    return this.#value ? { Authorization: `Bearer ${this.#value}` } : {};
  }

  give(value: string): void {
    this.#value = value.trim();
    sessionStorage.setItem(TOKEN, this.#value);
    this.wanted = false;
    for (const resume of this.#waiting.splice(0)) resume();
  }

  /** Resolves once a token other than `refused` was entered. */
  async ask(refused: string): Promise<void> {
    if (this.#value !== refused) return;
    this.wrong = refused !== '';
    this.wanted = true;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

export const token = new Token();

/**
 * Every operation of the API by its path, with its parameters, body and response typed.
 *
 * `const view = await dataOf(api.GET('/api/v1/selections/{selection_id}', { params: { path: { selection_id } } }))`.
 * Throws ApiError instead of giving an `error`.
 */
export const api = createClient<paths>({
  fetch: (request: Request) =>
    withToken((headers) => {
      const attempt = request.clone(); // a body can be read once, and another token may have to be tried
      for (const [name, value] of Object.entries(headers)) attempt.headers.set(name, value);
      return fetch(attempt);
    }, request.signal),
});

/** The body of an answer. */
export async function dataOf<T>(answer: Promise<{ data?: T }>): Promise<T> {
  return (await answer).data as T;
}

/** The raw response, for files and streams. Throws ApiError. */
export function request(path: string, init: RequestInit & { headers?: Record<string, string> } = {}): Promise<Response> {
  return withToken((headers) => fetch(path, { ...init, headers: { ...headers, ...init.headers } }), init.signal);
}

/** Asks the guider for the token where the service wants one, and tries again. */
async function withToken(
  send: (headers: Record<string, string>) => Promise<Response>,
  signal: AbortSignal | null | undefined,
): Promise<Response> {
  for (;;) {
    const used = token.value;
    const response = await send(token.headers()).catch((error: unknown) => {
      if (signal?.aborted) throw error;
      throw new ApiError(0, 'not_reached', NOT_REACHED);
    });
    if (response.ok) return response;
    if (response.status !== 401) throw errorFrom(response.status, await response.text(), response.headers.get('Retry-After'));
    await token.ask(used);
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
