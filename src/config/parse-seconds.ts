/** A time span as people write it: `600`, `"90 s"`, `"10 min"`, `"1 h"`, `"7 d"`. */

const units: Readonly<Record<string, number>> = { s: 1, min: 60, m: 60, h: 3600, d: 86_400 };

/** Seconds; a number without a unit is seconds. Throws a RangeError saying what is wanted. */
export function parseSeconds(value: string | number): number {
  const match = /^(\d+)\s*([a-z]*)$/.exec(String(value));
  const factor = units[match?.[2] || 's'];
  if (match === null || factor === undefined) {
    throw new RangeError(`wanted seconds, or a time such as "90 s", "10 min", "1 h" or "7 d"; got ${value}`);
  }
  return Number(match[1]) * factor;
}
