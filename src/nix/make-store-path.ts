/**
 * Computes the store path of content that Nix addresses by its hash: sha256 over
 * `<type>:sha256:<base 16 of the hash>:/nix/store:<name>`, folded to 20 bytes, in nix32. The type names the references
 * too, so that content which refers to other paths gets another path. Source: libstore/store-dir-config.cc.
 */

import { createHash } from 'node:crypto';
import { AppError } from '../util/app-error.ts';
import { encodeBase32 } from './base32.ts';
import { compressHash, formatHash, type Hash } from './hash.ts';
import { parseStorePath, type StorePath, storeDir } from './store-path.ts';

/** The path of a text file (a `.drv`, `builtins.toFile`) by the sha256 of its bytes. */
export function makeTextPath(name: string, hash: Hash, references: readonly StorePath[] = []): StorePath {
  return makePath(typeWithReferences('text', references, false), hash, name);
}

export interface FixedOutput {
  readonly name: string;
  /** `flat`: the hash is of one file's bytes; `nar`: it is of the NAR. */
  readonly method: 'flat' | 'nar';
  readonly hash: Hash;
  /** Other paths that it refers to, in any order; only where hashed by sha256 of the NAR. */
  readonly references?: readonly StorePath[] | undefined;
  /** True when it refers to itself. */
  readonly self?: boolean | undefined;
}

/** The path of fixed content (`nix-store --add`, a fetched source). Throws `store-path.invalid`. */
export function makeFixedOutputPath(content: FixedOutput): StorePath {
  const { name, method, hash, references = [], self = false } = content;
  if (method === 'nar' && hash.algorithm === 'sha256') {
    return makePath(typeWithReferences('source', references, self), hash, name);
  }
  if (references.length > 0 || self) {
    throw new AppError(
      'store-path.invalid',
      `${name}: only content hashed by sha256 of its NAR may have references, not ${method} ${hash.algorithm}`,
    );
  }
  const inner = `fixed:out:${method === 'nar' ? 'r:' : ''}${formatHash(hash, 'base16')}:`;
  return makePath('output:out', sha256(inner), name);
}

function typeWithReferences(type: string, references: readonly StorePath[], self: boolean): string {
  return [type, ...[...new Set(references)].sort(), ...(self ? ['self'] : [])].join(':');
}

function makePath(type: string, hash: Hash, name: string): StorePath {
  const { bytes } = sha256(`${type}:${formatHash(hash, 'base16')}:${storeDir}:${name}`);
  return parseStorePath(`${storeDir}/${encodeBase32(compressHash(bytes, 20))}-${name}`);
}

function sha256(text: string): Hash {
  return { algorithm: 'sha256', bytes: createHash('sha256').update(text).digest() };
}
