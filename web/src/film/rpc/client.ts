/** The page's end of a film worker. */

import { FilmProblem } from '../problem';
import type { CallName, Calls, FromWorker, Question, ToWorker } from './protocol';

interface Waiting {
  onTold: (told: never) => void;
  resolve: (result: never) => void;
  reject: (error: Error) => void;
}

/** A worker that answers calls about one film; end() stops it at once. */
export class FilmWorker {
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'film' });
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #ended = false;

  constructor() {
    this.#worker.addEventListener('message', (event: MessageEvent<FromWorker>) => this.#hear(event.data));
    this.#worker.addEventListener('error', (event) => this.#failAll(event.message || 'the film worker broke'));
  }

  /** The result of one call. Throws FilmProblem; AbortError once `signal` aborts. */
  ask<Name extends CallName>(
    call: Name,
    given: Calls[Name]['given'],
    onTold: (told: Calls[Name]['told']) => void = () => undefined,
    signal?: AbortSignal,
  ): Promise<Calls[Name]['result']> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(asAbort(signal));
      if (this.#ended) return reject(new DOMException('The film was closed.', 'AbortError'));
      const id = ++this.#lastId;
      const stop = (): void => this.#say({ id, abort: true });
      const finish = <Given>(then: (value: Given) => void) => {
        return (value: Given): void => {
          signal?.removeEventListener('abort', stop);
          then(value);
        };
      };
      signal?.addEventListener('abort', stop, { once: true });
      this.#waiting.set(id, {
        onTold: (told) => {
          if (!signal?.aborted) onTold(told);
        },
        resolve: finish(resolve),
        reject: finish(reject),
      });
      this.#say({ id, call, given } as Question);
    });
  }

  /** Stops whatever it does; calls still waiting end with AbortError. */
  end(): void {
    this.#ended = true;
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(new DOMException('The film was closed.', 'AbortError'));
    this.#waiting.clear();
  }

  #say(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #hear(message: FromWorker): void {
    const waiting = this.#waiting.get(message.id);
    if (!waiting) return;
    if ('told' in message) {
      waiting.onTold(message.told as never);
      return;
    }
    this.#waiting.delete(message.id);
    if ('result' in message) waiting.resolve(message.result as never);
    else if (message.problem === 'aborted') waiting.reject(new DOMException('Stopped.', 'AbortError'));
    else waiting.reject(new FilmProblem(message.problem.code, message.problem.detail));
  }

  #failAll(detail: string): void {
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(new FilmProblem('unexpected', detail));
    this.#waiting.clear();
  }
}

function asAbort(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new DOMException('Stopped.', 'AbortError');
}
