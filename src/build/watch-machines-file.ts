/**
 * Tells when the machines file has become another one: edited, replaced, removed or made again.
 *
 * Watched are the folders in which a name would have to change for that: the file's own, and those of the symbolic
 * links on the way to it. (On NixOS, /etc/nix/machines leads through /etc/static, which is what a new system replaces.)
 * Much else happens in such folders, so what counts is whether the file at the end of the way looks different. Files that
 * it includes with `@` are not watched.
 */

import { type FSWatcher, lstatSync, readlinkSync, statSync, watch } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** Changes come in bursts. */
const settleMs = 50;
/** Links that lead to links are followed so far, as the kernel does. */
const mostLinks = 40;

/** Watches until it is disposed of. The file need not be there, nor its folder. */
export function watchMachinesFile(file: string, onChange: () => void): Disposable {
  const path = resolve(file);
  let watchers: readonly FSWatcher[] = [];
  let timer: NodeJS.Timeout | undefined;
  let seen = look(path);

  /** All of them anew: a folder may be another one by the same name. */
  const watchAll = (): void => {
    for (const watcher of watchers) watcher.close();
    watchers = [...new Set(foldersOnTheWay(path))].flatMap((folder) => watchFolder(folder, settle) ?? []);
  };
  const settle = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      watchAll();
      const now = look(path);
      if (now === seen) return;
      seen = now;
      onChange();
    }, settleMs).unref();
  };

  watchAll();
  return {
    [Symbol.dispose]() {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
}

/** What tells that it is another file, or has other content; undefined when there is none, or it cannot be reached. */
function look(path: string): string | undefined {
  try {
    const { dev, ino, mtimeNs, size } = statSync(path, { bigint: true });
    return `${dev} ${ino} ${mtimeNs} ${size}`;
  } catch {
    return undefined;
  }
}

/** Undefined for a folder that is gone again: the link before it tells. */
function watchFolder(folder: string, onEvent: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, onEvent);
    watcher.on('error', onEvent);
    return watcher;
  } catch {
    return undefined;
  }
}

/** The folders that hold a link on the way to the file, the file itself, or the first part of it that is missing. */
function foldersOnTheWay(path: string, links = 0): readonly string[] {
  const parts = path.split('/').filter((part) => part !== '');
  let at = '/';
  for (const [index, part] of parts.entries()) {
    const here = join(at, part);
    const stat = lstatSync(here, { throwIfNoEntry: false });
    if (stat === undefined) return [at];
    if (stat.isSymbolicLink()) {
      if (links === mostLinks) return [at];
      const target = resolve(at, readlinkSync(here), ...parts.slice(index + 1));
      return [at, ...foldersOnTheWay(target, links + 1)];
    }
    at = here;
  }
  return [dirname(path)];
}
