/**
 * Proves a content address. Clients take a path with one without any signature, as its name follows from its content; so
 * a cache must not say of a path that it has one unless that is so: the path is computed anew from the address, and the
 * address from the NAR. Forms: `text:sha256:…` (one file's bytes), `fixed:<algorithm>:…` (the same) and
 * `fixed:r:<algorithm>:…` (the NAR, without the hash of its own path in it). Source: libstore/content-address.cc.
 */

import { createHash } from 'node:crypto';
import { formatHash, type Hash, type HashAlgorithm, hashesEqual, parseHash } from '../../nix/hash.ts';
import { makeFixedOutputPath, makeTextPath } from '../../nix/make-store-path.ts';
import { NarParser } from '../../nix/nar-parser.ts';
import { type StorePath, storePathHash, storePathName } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import { hashModulo } from './hash-modulo.ts';

export interface AddressedPath {
  readonly path: StorePath;
  readonly contentAddress: string;
  /** sha256 of the NAR, known to be right. */
  readonly narHash: Hash;
  /** The path itself among them when it refers to itself. */
  readonly references: readonly StorePath[];
}

/** `nar`: the content, read at most once. Throws `cache.upload-refused` when it is not so. */
export async function checkContentAddress(
  claimed: AddressedPath,
  nar: () => AsyncIterable<Uint8Array>,
): Promise<void> {
  const { path, contentAddress, references } = claimed;
  const address = parseAddress(contentAddress);
  if (address === undefined) {
    throw refused(claimed, 'wanted text:sha256:…, fixed:<algorithm>:… or fixed:r:<algorithm>:…');
  }
  const { method, hash } = address;
  const self = references.includes(path);
  const others = references.filter((reference) => reference !== path);
  const name = storePathName(path);
  let made: StorePath;
  try {
    if (method === 'text' && self) throw refused(claimed, 'a text cannot refer to itself');
    made =
      method === 'text'
        ? makeTextPath(name, hash, others)
        : makeFixedOutputPath({ name, method, hash, references: others, self });
  } catch (cause) {
    if (cause instanceof AppError && cause.code === 'store-path.invalid')
      throw refused(claimed, cause.message);
    throw cause;
  }
  if (made !== path) throw refused(claimed, `that is the address of ${made}`);

  const found =
    method !== 'nar'
      ? await hashOfFile(hash.algorithm, nar())
      : hash.algorithm === 'sha256' && !self
        ? [claimed.narHash]
        : await hashesOfNar(hash.algorithm, self ? storePathHash(path) : undefined, nar());
  const [first] = found;
  if (first === undefined) throw refused(claimed, 'its NAR is not a single file');
  if (!found.some((each) => hashesEqual(each, hash)))
    throw refused(claimed, `its content has ${formatHash(first, 'nix32')}`);
}

function parseAddress(
  text: string,
): { readonly method: 'text' | 'flat' | 'nar'; readonly hash: Hash } | undefined {
  const [, prefix, rest = ''] = /^(text:|fixed:r:|fixed:)(.*)$/.exec(text) ?? [];
  if (prefix === undefined) return undefined;
  try {
    const hash = parseHash(rest);
    if (prefix === 'text:') return hash.algorithm === 'sha256' ? { method: 'text', hash } : undefined;
    return { method: prefix === 'fixed:' ? 'flat' : 'nar', hash };
  } catch {
    return undefined;
  }
}

/** Of the bytes of the only file in it; none when the NAR is something else, or the file is a program. */
async function hashOfFile(
  algorithm: HashAlgorithm,
  nar: AsyncIterable<Uint8Array>,
): Promise<readonly Hash[]> {
  const hash = createHash(algorithm);
  let isFile = false;
  const parser = new NarParser({
    regular: (path, { executable }) => {
      isFile = path.length === 0 && !executable;
    },
    fileChunk: (_path, chunk) => void hash.update(chunk),
  });
  for await (const piece of nar) parser.push(piece);
  parser.finish();
  return isFile ? [{ algorithm, bytes: new Uint8Array(hash.digest()) }] : [];
}

/** All that Nix's releases would have it to be. */
async function hashesOfNar(
  algorithm: HashAlgorithm,
  modulus: string | undefined,
  nar: AsyncIterable<Uint8Array>,
): Promise<readonly Hash[]> {
  if (modulus === undefined) {
    const hash = createHash(algorithm);
    for await (const piece of nar) hash.update(piece);
    return [{ algorithm, bytes: new Uint8Array(hash.digest()) }];
  }
  const hash = hashModulo(algorithm, modulus);
  for await (const piece of nar) hash.update(piece);
  return hash.digests().map((bytes) => ({ algorithm, bytes }));
}

function refused({ path, contentAddress }: AddressedPath, why: string): AppError {
  return new AppError(
    'cache.upload-refused',
    `${path} does not have the content address ${JSON.stringify(contentAddress.slice(0, 300))}: ${why}`,
  );
}
