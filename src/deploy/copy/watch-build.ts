/**
 * What the daemon of a host tells while it builds, in lines for people as `nix` prints them (`NAME> line` of a build
 * log), and the ends of those logs for when a build fails. Which derivation failed first the daemon says only in its
 * messages: the result of the one that was asked for may say no more than that something it needs failed.
 */

import { stripVTControlCharacters } from 'node:util';
import { isStorePath, type StorePath, storePathName } from '../../nix/store-path.ts';
import type { StoreLog } from '../../store/store.ts';

export interface BuildWatch {
  readonly onLog: (log: StoreLog) => void;
  /**
   * Why it failed, from `said`, the message of its result, and what was told before: which derivation, the reason on
   * one line, whether the platform is to blame, and the end of the log.
   */
  readonly explain: (drvPath: StorePath, said: string) => BuildBlame;
}

export interface BuildBlame {
  readonly drvPath: StorePath;
  readonly reason: string;
  /** The host is no machine for it, or lacks a feature that it needs. */
  readonly unsupported: boolean;
  readonly logTail: readonly string[];
}

/** Nix's number of the activity that is one build; its first field is the derivation. */
const buildActivity = 105;
/** What `nix` shows unless it is asked for more. */
const infoLevel = 3;
const tailLines = 10;
/** Builds whose ends are kept: more than fail at a time. */
const keptTails = 100;

export function watchBuild(onLine: (line: string) => void): BuildWatch {
  const running = new Map<string, StorePath>();
  const tails = new Map<StorePath, string[]>();
  const failures: BuildBlame[] = [];

  const begin = (id: string, drvPath: StorePath): void => {
    running.set(id, drvPath);
    tails.delete(drvPath);
    tails.set(drvPath, []);
    const [oldest] = tails.keys();
    if (tails.size > keptTails && oldest !== undefined) tails.delete(oldest);
    onLine(`building ${nameOf(drvPath)}`);
  };

  const onText = (text: string): void => {
    for (const line of text.split('\n')) onLine(line);
    const failure = blameOf(text);
    if (failure !== undefined && failures.length === 0) failures.push(failure);
  };

  return {
    onLog(log) {
      switch (log.type) {
        case 'text':
          return onText(stripVTControlCharacters(log.text));
        case 'activity-started': {
          const [first] = log.fields;
          if (log.activity === buildActivity && typeof first === 'string' && isStorePath(first))
            begin(log.id, first);
          else if (log.level <= infoLevel && log.text !== '') onLine(log.text);
          return;
        }
        case 'activity-stopped':
          running.delete(log.id);
          return;
        case 'build-log-line': {
          const drvPath = running.get(log.id);
          if (drvPath === undefined) return onLine(log.line);
          onLine(`${nameOf(drvPath)}> ${log.line}`);
          const tail = tails.get(drvPath);
          tail?.push(log.line);
          if (tail !== undefined && tail.length > tailLines) tail.shift();
          return;
        }
        case 'phase':
        case 'progress':
        case 'result':
          return;
      }
    },
    explain(drvPath, said) {
      const blame = failures[0] ?? blameOf(said) ?? { drvPath, reason: firstLine(said), unsupported: false };
      return { ...blame, logTail: tails.get(blame.drvPath) ?? [] };
    },
  };
}

/** The last two are words of Nix 2.34. */
const unsupportedWords =
  /required system or feature not available|platform mismatch|missing system features/i;

/** Both the words of Nix 2.30 and later and those of before. */
function blameOf(text: string): BuildBlame | undefined {
  const failed = /(?:Cannot build|builder for|build of) '([^']+\.drv)'/.exec(text);
  const older = /is required to build '([^']+\.drv)', but I am/.exec(text);
  const path = (failed ?? older)?.[1];
  if (path === undefined || !isStorePath(path)) return undefined;
  const why = /^\s*Reason: (.+)$/m.exec(text)?.[1] ?? firstLine(text);
  const needs = /^\s*(Required (?:system|features): .+)$/m.exec(text)?.[1];
  const reason = needs === undefined ? why : `${why} (${needs})`;
  const unsupported = older !== null || unsupportedWords.test(text);
  return { drvPath: path, reason: reason.replace(/[.;:]$/, ''), unsupported, logTail: [] };
}

function firstLine(text: string): string {
  const line = text.split('\n').find((part) => part.trim() !== '') ?? 'the daemon did not say why';
  return line.trim().replace(/^error:\s*/, '');
}

function nameOf(drvPath: StorePath): string {
  return storePathName(drvPath).replace(/\.drv$/, '');
}
