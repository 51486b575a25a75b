/** Work done one after another, or some of it at once, in the order asked for. */

/** A queue of its own: what is given to it begins when everything given before has ended, well or badly. */
export function serialQueue(): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
}

/** A queue of which at most `most` are worked on at once. */
export function limitedQueue(most: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = [];
  let running = 0;
  const begin = (): void => {
    for (let next = running < most ? waiting.shift() : undefined; next; next = running < most ? waiting.shift() : undefined) {
      running += 1;
      next();
    }
  };
  return async (work) => {
    const turn = new Promise<void>((go) => waiting.push(go));
    begin();
    await turn;
    try {
      return await work();
    } finally {
      running -= 1;
      begin();
    }
  };
}
