export const hashPartLength = 32;

/** The hash part whose 32 characters begin at `at`, as text. */
export function hashPartAt(bytes: Buffer, at: number): string {
  return bytes.toString('latin1', at, at + hashPartLength);
}
