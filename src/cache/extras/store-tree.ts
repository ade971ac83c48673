/**
 * The files inside store paths, wherever those are: on disk in the live store (`live-tree.ts`), or in a stored NAR
 * (`stored-tree.ts`). The contract; names are bytes.
 */

import type { ServedPath } from '../path-source.ts';
import type { FolderEntry } from './folder-entry.ts';

export type StoreNode =
  | { readonly type: 'directory' }
  | { readonly type: 'regular' }
  | { readonly type: 'symlink'; readonly target: Buffer };

export interface OpenStoreFile extends AsyncDisposable {
  readonly size: number;
  /** What it fails with before its last piece ends the connection. */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
}

export interface StoreTree {
  /** What is there; links are not followed. Undefined when there is nothing, or nothing that a NAR can have. */
  look(path: ServedPath, names: readonly Buffer[]): Promise<StoreNode | undefined>;
  /** Of a folder, in the order of NARs (by bytes). */
  list(path: ServedPath, names: readonly Buffer[]): Promise<readonly FolderEntry[]>;
  /** Undefined when it is no file, or no longer. */
  open(path: ServedPath, names: readonly Buffer[]): Promise<OpenStoreFile | undefined>;
}
