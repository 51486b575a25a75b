/** Waits `ms`, or until the network is back if that is sooner. Throws AbortError. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const finish = (): void => {
      clearTimeout(timer);
      removeEventListener('online', finish);
      signal.removeEventListener('abort', abort);
      resolve();
    };
    const abort = (): void => {
      clearTimeout(timer);
      removeEventListener('online', finish);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(finish, ms);
    addEventListener('online', finish, { once: true });
    signal.addEventListener('abort', abort, { once: true });
  });
}
