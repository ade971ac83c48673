/**
 * Store paths: `/nix/store/<32 characters of nix32>-<name>`. A `StorePath` is a string that has been through
 * `parseStorePath`, so that code further in may use it in URLs and file names without looking again.
 *
 * Source: libstore/path.cc (`checkName`), libstore/store-dir-config.cc.
 */

import { AppError } from '../util/app-error.ts';

declare const brand: unique symbol;

/** A validated absolute store path of the store directory `/nix/store`, with no sub-path. */
export type StorePath = string & { readonly [brand]: 'StorePath' };

/** The only store directory that is supported: binary caches and closures of another one are not compatible. */
export const storeDir = '/nix/store';

const baseName = /^[0-9abcdfghijklmnpqrsvwxyz]{32}-(?!\.\.?(?:-|$))[0-9a-zA-Z+\-._?=]{1,211}$/;

/** True when the text is a valid store path. */
export function isStorePath(text: string): text is StorePath {
  return text.startsWith(`${storeDir}/`) && baseName.test(text.slice(storeDir.length + 1));
}

/** The text as a store path; throws `store-path.invalid` naming the text. */
export function parseStorePath(text: string): StorePath {
  if (isStorePath(text)) return text;
  throw new AppError(
    'store-path.invalid',
    `wanted a store path like ${storeDir}/<32 characters>-<name>, got ${JSON.stringify(text.slice(0, 300))}`,
  );
}

/** A store path from its base name (`<hash>-<name>`), as narinfos and JSON have it. */
export function storePathFromBaseName(name: string): StorePath {
  return parseStorePath(`${storeDir}/${name}`);
}

/** `<hash>-<name>`. */
export function storePathBaseName(path: StorePath): string {
  return path.slice(storeDir.length + 1);
}

/** The 32 characters of nix32 that identify the path in a binary cache. */
export function storePathHash(path: StorePath): string {
  return path.slice(storeDir.length + 1, storeDir.length + 33);
}

/** The name after the hash, e.g. `hello-2.12.drv`. */
export function storePathName(path: StorePath): string {
  return path.slice(storeDir.length + 34);
}

/** True for a derivation file. */
export function isDerivationPath(path: StorePath): boolean {
  return path.endsWith('.drv');
}
