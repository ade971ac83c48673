import { hashPartAt } from './index/hash-part-at.ts';
import type { PathSource } from './path-source.ts';

/** `mayHave` for a hash part as it stands in a request, which is not made a text of unless the source wants one. */
export function mayHaveAt(source: PathSource, bytes: Buffer, at: number): boolean {
  return source.mayHaveAt === undefined ? source.mayHave(hashPartAt(bytes, at)) : source.mayHaveAt(bytes, at);
}
