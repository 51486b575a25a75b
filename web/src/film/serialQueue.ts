/** Work done one after another, in the order asked for. */

/** A queue of its own: what is given to it begins when everything given before has ended, well or badly. */
export function serialQueue(): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
}
