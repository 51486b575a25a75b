/** Uploads one file by tus: resumes after every interruption, sends no byte twice. */

import { DetailedError, Upload } from 'tus-js-client';
import { NOT_REACHED, errorFrom, ApiError, signIn } from '../api/client.svelte';
import { sleep } from '../api/sleep';
import { isKeptBack, type Cleared } from './clearance';
import { inLane } from './lanes';

const ENDPOINT = '/api/v1/uploads';
export const CHUNK_BYTES = 8 << 20;
/** A request without progress for this long is aborted and retried. */
const STALL_MS = 45_000;
const MAX_BACKOFF_MS = 15_000;
const MAX_RETRY_AFTER_MS = 120_000;
const DONE = 'already_uploaded';
/** A chunk at a time, opened where it is sealed, and each cleared by itself. */
const READER = {
  openFile: (file: Cleared) =>
    Promise.resolve({
      size: file.size,
      slice: async (from: number, to: number) => {
        const end = Math.min(to, file.size);
        return { value: await file.piece(from, end), done: end >= file.size };
      },
      close: () => undefined,
    }),
};
const OTHERS_FIRST = 'Others of your moments are being sent first. These go on by themselves.';

export interface Report {
  /** Bytes of the file sent so far. */
  progress(sentBytes: number): void;
  /** The service has stored a whole chunk. */
  chunk(): void;
  /** Why nothing is being sent just now; null once it is again. */
  waiting(sentence: string | null): void;
}

/** Resolves when the service holds the whole file. Throws ApiError where trying again cannot help; FilmProblem as Cleared.of(); AbortError. */
export async function upload(
  file: Cleared,
  metadata: Record<string, string>,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  for (let failures = 0; ; ) {
    const count = signIn.count;
    let moved = false;
    try {
      const noted: Report = {
        ...report,
        progress: (bytes) => {
          moved = true;
          report.waiting(null);
          report.progress(bytes);
        },
      };
      await inLane(() => sendOnce(file, metadata, noted, signal), () => report.waiting(OTHERS_FIRST), signal);
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (isKeptBack(error)) throw error;
      const refused = error instanceof ApiError ? error : new ApiError(0, 'not_reached', NOT_REACHED);
      if (refused.code === DONE) return;
      if (refused.status === 401) {
        await signIn.ask(count, refused);
        continue;
      }
      if (!isRetryable(refused)) throw refused;
      failures = moved ? 1 : failures + 1;
      report.waiting(navigator.onLine ? refused.sentence : 'This computer is offline. Sending goes on by itself.');
      await sleep(retryDelayMs(refused, failures), signal);
    }
  }
}

/** A wrong offset (409) and a damaged chunk (460) are resolved by asking for the offset again. */
function isRetryable(refused: ApiError): boolean {
  return refused.retryable || refused.status === 409 || refused.status === 460;
}

/** The service's Retry-After with jitter where it gave one, otherwise exponential back-off. */
export function retryDelayMs(refused: ApiError, failures: number): number {
  if (refused.retryAfterS === null) return Math.min(MAX_BACKOFF_MS, 500 * 2 ** Math.min(failures, 6));
  return Math.min(MAX_RETRY_AFTER_MS, refused.retryAfterS * 1000) * (1 + Math.random() / 5);
}

async function sendOnce(
  file: Cleared,
  metadata: Record<string, string>,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  let alarm: ReturnType<typeof setTimeout> | undefined;
  let stop = (): void => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const sending = new Upload(file as unknown as Blob, {
        endpoint: ENDPOINT,
        chunkSize: CHUNK_BYTES,
        metadata,
        fileReader: READER,
        retryDelays: null,
        removeFingerprintOnSuccess: true,
        // The same moment cut twice differs in its bytes, so the moment and its size name the upload, not the file.
        fingerprint: () => Promise.resolve(`vigpack-${Object.values(metadata).join('-')}-${file.size}`),
        onBeforeRequest: (request) => {
          for (const [name, value] of Object.entries(signIn.headers())) request.setHeader(name, value);
        },
        onProgress: (sent) => {
          watch();
          report.progress(sent);
        },
        onChunkComplete: () => report.chunk(),
        onSuccess: () => resolve(),
        onError: (error) => reject(refusedBy(error)),
      });
      const watch = (): void => {
        clearTimeout(alarm);
        alarm = setTimeout(() => void sending.abort().then(() => reject(new ApiError(0, 'stalled', NOT_REACHED))), STALL_MS);
      };
      stop = () => void sending.abort().then(() => reject(signal.reason as Error));
      signal.addEventListener('abort', stop, { once: true });
      watch();
      void sending.findPreviousUploads().then(([earlier]) => {
        if (signal.aborted) return;
        if (earlier) sending.resumeFromPreviousUpload(earlier);
        sending.start();
      }, reject);
    });
  } finally {
    clearTimeout(alarm);
    signal.removeEventListener('abort', stop);
  }
}

function refusedBy(error: Error | DetailedError): Error {
  const why = 'causingError' in error ? error.causingError : error;
  if (why && (isKeptBack(why) || why instanceof ApiError)) return why;
  const answer = 'originalResponse' in error ? error.originalResponse : null;
  const status = answer?.getStatus() ?? 0;
  if (!status) return new ApiError(0, 'not_reached', NOT_REACHED);
  return errorFrom(status, answer?.getBody() ?? '', answer?.getHeader('Retry-After'));
}
