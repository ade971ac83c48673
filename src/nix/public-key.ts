/**
 * Public keys of binary caches, `<name>:<base64 of 32 bytes>`: ed25519 over the fingerprint of a path. The name only says
 * which key to try, so two keys that are trusted at once must not share one. Source: libutil/signature/local-keys.cc.
 */

import { createPublicKey, verify } from 'node:crypto';
import { AppError } from '../util/app-error.ts';
import { parseKeyText, signatureSize } from './key-text.ts';

export interface PublicKey {
  readonly name: string;
  /** The 32 bytes of the key. */
  readonly bytes: Uint8Array;
  /** True when the signature is of this key's name, well-formed, and right for the message. Never throws. */
  verify(message: string, signature: string): boolean;
}

/** What precedes the 32 bytes in DER (SubjectPublicKeyInfo of ed25519, RFC 8410). */
const derPrefix = Buffer.from('302a300506032b6570032100', 'hex');

/** The key; white space around it is ignored. Throws `nix.key-invalid`. */
export function parsePublicKey(text: string): PublicKey {
  const trimmed = text.trim();
  const { name, bytes, problem } = parseKeyText(trimmed, 32);
  if (problem === undefined) return makePublicKey(name, bytes);
  // A secret key has 64 bytes after its name; one that is given here by mistake must not end up in a log.
  const shown = parseKeyText(trimmed, 64).bytes.length > 32 ? name : trimmed.slice(0, 300);
  throw new AppError(
    'nix.key-invalid',
    `wanted a public key <name>:<base64>, got ${JSON.stringify(shown)}, which ${problem}`,
  );
}

/** The text that clients put into `trusted-public-keys`. */
export function printPublicKey(key: PublicKey): string {
  return `${key.name}:${Buffer.from(key.bytes).toString('base64')}`;
}

/** A public key out of a name that is already checked and its 32 bytes. */
export function makePublicKey(name: string, bytes: Uint8Array): PublicKey {
  const key = createPublicKey({ key: Buffer.concat([derPrefix, bytes]), format: 'der', type: 'spki' });
  return {
    name,
    bytes,
    verify(message, signature) {
      const parsed = parseKeyText(signature, signatureSize);
      if (parsed.problem !== undefined || parsed.name !== name) return false;
      return verify(null, Buffer.from(message), key, parsed.bytes);
    },
  };
}
