/** The page's side of a film worker. */

import { FilmProblem } from '../problem';
import type { CallName, Calls, WorkerResponse, WorkerRequest, WorkerMessage } from './protocol';

interface PendingCall {
  onProgress: (progress: never) => void;
  resolve: (result: never) => void;
  reject: (error: Error) => void;
}

/** A worker that answers calls about one film; end() stops it at once. */
export class FilmWorker {
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'film' });
  readonly #pending = new Map<number, PendingCall>();
  #lastId = 0;
  #ended = false;

  constructor() {
    this.#worker.addEventListener('message', (event: MessageEvent<WorkerResponse>) => this.#receive(event.data));
    this.#worker.addEventListener('error', (event) => this.#failAll(event.message || 'the film worker broke'));
  }

  /** The result of one call. Throws FilmProblem; AbortError once `signal` aborts. */
  call<Name extends CallName>(
    call: Name,
    args: Calls[Name]['args'],
    onProgress: (progress: Calls[Name]['progress']) => void = () => undefined,
    signal?: AbortSignal,
  ): Promise<Calls[Name]['result']> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(asAbort(signal));
      if (this.#ended) return reject(new DOMException('The film was closed.', 'AbortError'));
      const id = ++this.#lastId;
      const stop = (): void => this.#post({ id, abort: true });
      const finish = <Value>(then: (value: Value) => void) => {
        return (value: Value): void => {
          signal?.removeEventListener('abort', stop);
          then(value);
        };
      };
      signal?.addEventListener('abort', stop, { once: true });
      this.#pending.set(id, {
        onProgress: (progress) => {
          if (!signal?.aborted) onProgress(progress);
        },
        resolve: finish(resolve),
        reject: finish(reject),
      });
      this.#post({ id, call, args } as WorkerRequest);
    });
  }

  /** Stops the worker at once; pending calls end with AbortError. */
  end(): void {
    this.#ended = true;
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(new DOMException('The film was closed.', 'AbortError'));
    this.#pending.clear();
  }

  #post(message: WorkerMessage): void {
    this.#worker.postMessage(message);
  }

  #receive(message: WorkerResponse): void {
    const pending = this.#pending.get(message.id);
    if (!pending) return;
    if ('progress' in message) {
      pending.onProgress(message.progress as never);
      return;
    }
    this.#pending.delete(message.id);
    if ('result' in message) pending.resolve(message.result as never);
    else if (message.problem === 'aborted') pending.reject(new DOMException('Stopped.', 'AbortError'));
    else pending.reject(new FilmProblem(message.problem.code, message.problem.detail));
  }

  #failAll(detail: string): void {
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(new FilmProblem('unexpected', detail));
    this.#pending.clear();
  }
}

function asAbort(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new DOMException('Stopped.', 'AbortError');
}
