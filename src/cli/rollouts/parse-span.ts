/** Spans of time as flags have them: seconds, as Morph's, or a number with a unit. */

const seconds: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds; undefined for what is none. */
export function parseSpan(text: string): number | undefined {
  const [, digits, unit = ''] = /^(\d{1,9}) ?([smhd]?)$/.exec(text.trim()) ?? [];
  return digits === undefined ? undefined : Number(digits) * (seconds[unit] ?? 1);
}
