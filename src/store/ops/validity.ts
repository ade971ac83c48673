/** Which paths a store has. */

import type { StorePath } from '../../nix/store-path.ts';
import type { Request } from '../request.ts';
import { readOptionalStorePath, readStorePaths } from './path-info.ts';

export function isValidPath(path: StorePath): Request<boolean> {
  return {
    op: 1,
    what: `asking whether ${path} is valid`,
    write: (encoder) => encoder.string(path),
    read: (reader) => reader.bool(),
  };
}

export function queryValidPaths(paths: readonly StorePath[], substitute: boolean): Request<Set<StorePath>> {
  return {
    op: 31,
    what: `asking which of ${paths.length} paths are valid`,
    write: (encoder) => encoder.strings(paths).bool(substitute),
    read: async (reader) => new Set(await readStorePaths(reader)),
  };
}

export function queryAllValidPaths(): Request<Set<StorePath>> {
  return {
    op: 23,
    what: 'listing all valid paths',
    write: () => {},
    read: async (reader) => new Set(await readStorePaths(reader)),
  };
}

export function queryPathFromHashPart(hashPart: string): Request<StorePath | undefined> {
  return {
    op: 29,
    what: `looking up the path with hash ${hashPart}`,
    write: (encoder) => encoder.string(hashPart),
    read: readOptionalStorePath,
  };
}

export function queryReferrers(path: StorePath): Request<Set<StorePath>> {
  return {
    op: 6,
    what: `asking what refers to ${path}`,
    write: (encoder) => encoder.string(path),
    read: async (reader) => new Set(await readStorePaths(reader)),
  };
}
