/** One thing at a time, in the order asked. */

export type Serialize = <T>(work: () => Promise<T>) => Promise<T>;

export function createSerialize(): Serialize {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
}
