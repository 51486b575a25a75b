/** Does things one after the other: each begins with what the one before has made of it, so that quick presses add up. */
export class Queue {
  #last: Promise<unknown> = Promise.resolve();

  /** What `act` gives, once it had its turn; that one before it failed is its own caller's to know. */
  add<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#last.then(act);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
