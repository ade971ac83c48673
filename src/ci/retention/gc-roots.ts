/**
 * The garbage collector roots of the server: a folder with one symlink per store path, named as the path, each told to
 * Nix as an indirect root. Which of them there ought to be is said by the database; `retention.ts` compares.
 *
 * A root is made before anything relies on it, so after a crash there may be too many, never too few. One that was asked
 * for again while a clean-up was under way is not removed by it.
 */

import { lstat, mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isStorePath, type StorePath, storeDir, storePathBaseName } from '../../nix/store-path.ts';
import type { Store } from '../../store/store.ts';

export interface GcRoot {
  readonly link: string;
  readonly path: StorePath;
  /** When it was asked for last by this server, or made by an earlier one: milliseconds since 1970. */
  readonly madeAt: number;
}

export interface GcRoots {
  /** When it resolves, the garbage collector knows of all of them. */
  ensure(paths: Iterable<StorePath>): Promise<void>;
  list(): Promise<readonly GcRoot[]>;
  /** Says false when it was ensured after `since`, and stays. */
  remove(path: StorePath, since: number): Promise<boolean>;
}

export async function openGcRoots(
  directory: string,
  store: Pick<Store, 'addIndirectRoot'>,
  now: () => number,
): Promise<GcRoots> {
  await mkdir(directory, { recursive: true });
  /** Of this run of the server: when each was asked for last, and whether it is there. */
  const ensured = new Map<StorePath, { at: number; readonly made: Promise<void> }>();
  const leaving = new Map<StorePath, Promise<void>>();
  const linkOf = (path: StorePath): string => join(directory, storePathBaseName(path));

  const make = async (path: StorePath): Promise<void> => {
    const link = linkOf(path);
    await leaving.get(path);
    try {
      await symlink(path, link);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      if ((await readlink(link).catch(() => '')) !== path) {
        await rm(link, { recursive: true });
        await symlink(path, link);
      }
    }
    // Also when the link was there: the server may have died before it could tell.
    await store.addIndirectRoot(link);
  };

  const ensureOne = (path: StorePath): Promise<void> => {
    const known = ensured.get(path);
    if (known !== undefined) {
      known.at = now();
      return known.made;
    }
    const made = make(path);
    ensured.set(path, { at: now(), made });
    made.catch(() => ensured.delete(path));
    return made;
  };

  return {
    async ensure(paths) {
      for (const path of paths) await ensureOne(path);
    },
    async list() {
      const roots: GcRoot[] = [];
      for (const name of (await readdir(directory)).sort()) {
        const path = `${storeDir}/${name}`;
        if (!isStorePath(path)) continue;
        const link = join(directory, name);
        const { mtimeMs } = await lstat(link);
        roots.push({ link, path, madeAt: Math.max(mtimeMs, ensured.get(path)?.at ?? 0) });
      }
      return roots;
    },
    async remove(path, since) {
      const known = ensured.get(path);
      if (known !== undefined && known.at >= since) return false;
      // Who asks for it from here on makes it anew, after it is gone.
      ensured.delete(path);
      const gone = rm(linkOf(path), { force: true }).finally(() => leaving.delete(path));
      leaving.set(path, gone);
      await gone;
      return true;
    },
  };
}
