/** A build's or an evaluation's number, as an argument. */

import { InvalidArgumentError } from 'commander';

export function parseId(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError(`wanted a number, got '${text}'.`);
  return Number(text);
}

/** For arguments that may be given more than once. */
export function parseIds(text: string, before: readonly number[] | undefined): readonly number[] {
  return [...(before ?? []), parseId(text)];
}
