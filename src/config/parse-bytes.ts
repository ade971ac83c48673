/** A size as people write it: `1048576`, `"64 MiB"`, `"4G"`. Units are powers of 1024, as in nix.conf and systemd. */

const units = ['', 'K', 'M', 'G', 'T'];

/** Bytes. Throws a RangeError saying what is wanted. */
export function parseBytes(value: string | number): number {
  const match = /^(\d+)\s*([KMGT]?)(?:i?B)?$/i.exec(String(value));
  if (match === null) throw new RangeError(`wanted bytes, or a size such as "64 MiB" or "4G"; got ${value}`);
  return Number(match[1]) * 1024 ** units.indexOf((match[2] ?? '').toUpperCase());
}
