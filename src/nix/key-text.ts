/**
 * The text form that keys and signatures of binary caches share: `<name>:<base64>`, the name being that of the key.
 * Source: libutil/signature/local-keys.cc.
 */

interface KeyText {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** What is wrong with the text, as a predicate such as `has no name`; undefined when nothing is. */
  readonly problem: string | undefined;
}

/** Bytes of an ed25519 signature. */
export const signatureSize = 64;

/** Takes `<name>:<base64 of size bytes>` apart, strictly: the same bytes have one spelling. */
export function parseKeyText(text: string, size: number): KeyText {
  const colon = text.indexOf(':');
  const name = text.slice(0, Math.max(colon, 0));
  const base64 = text.slice(colon + 1);
  const bytes = Buffer.from(base64, 'base64');
  return { name, bytes, problem: findProblem(colon, name, bytes, base64, size) };
}

function findProblem(
  colon: number,
  name: string,
  bytes: Buffer,
  base64: string,
  size: number,
): string | undefined {
  if (colon === -1) return 'has no colon';
  if (bytes.length !== size || bytes.toString('base64') !== base64) {
    return `has no base 64 of ${size} bytes after its colon`;
  }
  return keyNameProblem(name);
}

/** What is wrong with the name of a key, as a predicate; undefined when nothing is. */
export function keyNameProblem(name: string): string | undefined {
  if (name === '') return 'has no name';
  return /[\s:\p{Cc}]/u.test(name) ? 'has a name with a colon, white space or control character' : undefined;
}
