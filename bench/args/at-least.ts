/** The value of a flag that wants a whole number, not below `least`. Throws with the flag, what was wanted and what came. */
export function atLeast(least: number, flag: string, text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least) return value;
  throw new Error(`${flag} wants a whole number of ${least} or more, got '${text}'`);
}
