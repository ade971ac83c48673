/**
 * Secret keys of binary caches: `<name>:<base64 of 64 bytes>`, the 32 bytes of the ed25519 seed and then the public key.
 * Signing is deterministic, so it gives the same signature as Nix. The secret is kept out of the key object: neither
 * logging, inspecting nor serialising one shows it. Source: libutil/signature/local-keys.cc.
 */

import { createPrivateKey, createPublicKey, randomBytes, sign } from 'node:crypto';
import { AppError } from '../util/app-error.ts';
import { keyNameProblem, parseKeyText } from './key-text.ts';
import { makePublicKey, type PublicKey } from './public-key.ts';

export interface SecretKey {
  readonly name: string;
  readonly publicKey: PublicKey;
  /** The signature `<name>:<base64>` of a message. */
  sign(message: string): string;
}

/** What precedes the 32 bytes of the seed in DER (PKCS 8 of ed25519, RFC 8410). */
const derPrefix = Buffer.from('302e020100300506032b657004220420', 'hex');

const seeds = new WeakMap<SecretKey, Uint8Array>();

/** The key; white space around it is ignored. Throws `nix.key-invalid`, which never quotes the key. */
export function parseSecretKey(text: string): SecretKey {
  const { name, bytes, problem } = parseKeyText(text.trim(), 64);
  if (problem !== undefined) throw invalid(name, problem);
  const key = makeSecretKey(name, bytes.subarray(0, 32));
  if (!Buffer.from(key.publicKey.bytes).equals(bytes.subarray(32))) {
    throw invalid(name, 'has a public half that does not belong to its secret half');
  }
  return key;
}

/** A new key; the seed (32 bytes) is random unless given. Throws `nix.key-invalid` for a name no key may have. */
export function generateSecretKey(name: string, seed: Uint8Array = randomBytes(32)): SecretKey {
  const problem =
    keyNameProblem(name) ?? (seed.length === 32 ? undefined : `has a seed of ${seed.length} bytes`);
  if (problem !== undefined) throw invalid(name, problem);
  return makeSecretKey(name, seed);
}

/** The text of the secret key's file, with no newline. */
export function printSecretKey(key: SecretKey): string {
  const seed = seeds.get(key);
  if (seed === undefined) throw new Error(`the secret key ${key.name} was not made by this module`);
  return `${key.name}:${Buffer.concat([seed, key.publicKey.bytes]).toString('base64')}`;
}

function makeSecretKey(name: string, seed: Uint8Array): SecretKey {
  const privateKey = createPrivateKey({
    key: Buffer.concat([derPrefix, seed]),
    format: 'der',
    type: 'pkcs8',
  });
  // The last 32 bytes of the DER form are the key itself.
  const publicBytes = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
  const key: SecretKey = {
    name,
    publicKey: makePublicKey(name, publicBytes),
    sign: (message) => `${name}:${sign(null, Buffer.from(message), privateKey).toString('base64')}`,
  };
  seeds.set(key, Uint8Array.from(seed));
  return key;
}

function invalid(name: string, problem: string): AppError {
  return new AppError(
    'nix.key-invalid',
    `wanted a secret key <name>:<base64>, got one ${name === '' ? '' : `named ${JSON.stringify(name.slice(0, 300))} `}that ${problem}`,
  );
}
