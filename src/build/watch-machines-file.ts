/**
 * The machines file as it is now, while it is edited, replaced, removed and made again. A file that cannot be read as
 * machines leaves things as they were, which is told. What has not changed stays the same object, so that a scheduler
 * keeps its connection.
 *
 * Watched are the folders in which a name would have to change for the file to be another one: its own, and those of
 * the symbolic links on the way to it. (On NixOS, /etc/nix/machines leads through /etc/static, which is what a new
 * system replaces.) Files that it includes with `@` are not watched.
 */

import { type FSWatcher, lstatSync, readlinkSync, watch } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Machine, parseMachines } from '../nix/machines-file.ts';
import { errorMessage } from '../util/error-message.ts';
import type { Builder } from './builder.ts';
import { type BuildersOptions, readIfThere } from './builders-option.ts';
import { machineBuilder } from './machine-builder.ts';

export interface WatchMachinesOptions extends BuildersOptions {
  /** Told at once what is there now, and again whenever that has changed. */
  readonly onBuilders: (builders: readonly Builder[]) => void;
  readonly onProblem: (message: string) => void;
}

/** Changes come in bursts. */
const settleMs = 50;
/** Links that lead to links are followed so far, as the kernel does. */
const mostLinks = 40;

/** Watches until it is disposed of. A file that is not there means no machines. */
export function watchMachinesFile(file: string, options: WatchMachinesOptions): Disposable {
  const path = resolve(file);
  let builders = new Map<string, Builder>();
  let watchers: readonly FSWatcher[] = [];
  let timer: NodeJS.Timeout | undefined;
  let told: string | undefined;

  const load = (): void => {
    let machines: readonly Machine[];
    try {
      machines = parseMachines(readIfThere(path) ?? '', {
        defaultSystem: options.defaultSystem,
        include: readIfThere,
        what: path,
      });
      const next = new Map<string, Builder>();
      for (const [index, machine] of machines.entries()) {
        const text = JSON.stringify(machine);
        // The same line twice is two builders.
        const key = next.has(text) ? `${text} ${index}` : text;
        next.set(key, builders.get(key) ?? machineBuilder(machine, options));
      }
      builders = next;
    } catch (error) {
      options.onProblem(`the builders stay as they were: ${errorMessage(error)}`);
      return;
    }
    const now = JSON.stringify([...builders.keys()]);
    if (now === told) return;
    told = now;
    options.onBuilders([...builders.values()]);
  };

  /** All of them anew: a folder may be another one by the same name. */
  const watchAll = (): void => {
    for (const watcher of watchers) watcher.close();
    watchers = [...new Set(watchedFolders(path))].flatMap((folder) => watchFolder(folder, onChange) ?? []);
  };

  const onChange = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      watchAll();
      load();
    }, settleMs);
  };

  watchAll();
  load();
  return {
    [Symbol.dispose]() {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
}

/** Undefined for a folder that is not there: that of the link before it tells when that changes. */
function watchFolder(folder: string, onChange: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, onChange);
    watcher.on('error', onChange);
    return watcher;
  } catch {
    return undefined;
  }
}

/** The folders that hold a link on the way to the file, the file itself, or the first part of it that is missing. */
function watchedFolders(path: string, links = 0): readonly string[] {
  const parts = path.split('/').filter((part) => part !== '');
  let at = '/';
  for (const [index, part] of parts.entries()) {
    const here = join(at, part);
    const rest = parts.slice(index + 1).join('/');
    const stat = lstatSync(here, { throwIfNoEntry: false });
    if (stat === undefined) return [at];
    if (stat.isSymbolicLink()) {
      const target = resolve(at, readlinkSync(here), rest);
      return links < mostLinks ? [at, ...watchedFolders(target, links + 1)] : [at];
    }
    at = here;
  }
  return [dirname(path)];
}
