/**
 * Versions in Nix's order, as `builtins.compareVersions` has it: they are compared part by part; a part is a number, or
 * letters up to the next dot, dash or digit. Numbers come after letters, and `pre` before everything.
 * Source: libstore/names.cc.
 */

/** Negative when `a` is the older one, 0 when they are equal in that order. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const [one, other] = [left[index] ?? '', right[index] ?? ''];
    if (isBefore(one, other)) return -1;
    if (isBefore(other, one)) return 1;
  }
  return 0;
}

function parts(version: string): readonly string[] {
  return version.match(/\d+|[^.\-\d]+/g) ?? [];
}

function isBefore(a: string, b: string): boolean {
  const [isNumber, isOtherNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (isNumber && isOtherNumber) return BigInt(a) < BigInt(b);
  if (a === '' && isOtherNumber) return true;
  if (a === 'pre' && b !== 'pre') return true;
  if (b === 'pre') return false;
  if (isOtherNumber) return true;
  if (isNumber) return false;
  return a < b;
}
