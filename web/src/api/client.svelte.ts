/** One way to ask the service: the token, problems in plain words, and waiting for a token where one is wanted. */

const TOKEN = 'vigpack.token';

/** A request the service refused, in its own words; `status` 0: it could not be reached. */
export class Refused extends Error {
  override readonly name = 'Refused';

  constructor(
    readonly status: number,
    readonly code: string,
    readonly sentence: string,
    /** When the service wants to be asked again, in seconds from now; null where it did not say. */
    readonly retryAfterS: number | null = null,
  ) {
    super(`${status} ${code}`);
  }

  /** Whether asking again later may succeed without anybody doing anything. */
  get passing(): boolean {
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
    for (const goOn of this.#waiting.splice(0)) goOn();
  }

  /** Resolves once somebody has given a token other than `refused`. */
  async ask(refused: string): Promise<void> {
    if (this.#value !== refused) return;
    this.wrong = refused !== '';
    this.wanted = true;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

export const token = new Token();

/** The answer to a request; asks the guider for the token where the service wants one. Throws Refused. */
export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  for (;;) {
    const used = token.value;
    const headers = { ...token.headers(), ...(init.headers as Record<string, string> | undefined) };
    const answer = await fetch(new URL(path, location.href), { ...init, headers }).catch((error: unknown) => {
      if (init.signal?.aborted) throw error;
      throw new Refused(0, 'not_reached', NOT_REACHED);
    });
    if (answer.ok) return answer;
    if (answer.status !== 401) throw await readProblem(answer);
    await token.ask(used);
  }
}

/** The JSON of an answer. Throws Refused. */
export async function askJson<T>(path: string, init: RequestInit = {}): Promise<T> {
  return (await (await ask(path, init)).json()) as T;
}

async function readProblem(answer: Response): Promise<Refused> {
  const body = await answer.text();
  return problemIn(answer.status, body, answer.headers.get('Retry-After'));
}

/** The problem an answer's body tells, or a plain word where a proxy has answered instead of the service. */
export function problemIn(status: number, body: string, retryAfter: string | null | undefined): Refused {
  const seconds = retryAfter && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : null;
  try {
    const problem = JSON.parse(body) as { code?: string; detail?: string };
    if (problem.code && problem.detail) return new Refused(status, problem.code, problem.detail, seconds);
  } catch {
    // not from the service itself: a proxy's own page
  }
  return new Refused(status, 'no_problem', `${NOT_REACHED} (It answered ${status}.)`, seconds);
}
