/**
 * The database as the loop uses it: while it cannot be reached, what is asked waits and is asked again until it is back.
 * Nothing of a broken call has happened (the database's contract), so asking again is safe. A call that gives a stream
 * is passed on as it is: its reader begins again by itself.
 */

import type { Database } from '../db/database.ts';
import { AppError } from '../util/app-error.ts';
import { pause } from '../util/pause.ts';

export interface PatienceOptions {
  /** Ends all waiting with `interrupted`. */
  readonly signal: AbortSignal;
  /** Told once when the database goes, with the error, and once when it is back. */
  readonly onAway?: (error: AppError) => void;
  readonly onBack?: () => void;
}

const firstPauseMs = 50;
const longestPauseMs = 5000;

export function patientDatabase(database: Database, options: PatienceOptions): Database {
  let away = false;

  const again = async (ask: () => unknown, first: Promise<unknown>): Promise<unknown> => {
    let answer = first;
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      try {
        const value = await answer;
        if (away) {
          away = false;
          options.onBack?.();
        }
        return value;
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'db.unreachable') throw error;
        if (!away) {
          away = true;
          options.onAway?.(error);
        }
      }
      await pause(pauseMs, options.signal);
      answer = Promise.resolve(ask());
    }
  };

  /** The same object, its promises waited for with patience. */
  const patient = <T extends object>(repository: T): T =>
    new Proxy(repository, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member === 'function') {
          return (...args: unknown[]): unknown => {
            const ask = (): unknown => Reflect.apply(member, target, args);
            const answer = ask();
            return answer instanceof Promise ? again(ask, answer) : answer;
          };
        }
        return member;
      },
    });

  return {
    dialect: database.dialect,
    projects: patient(database.projects),
    jobsets: patient(database.jobsets),
    evaluations: patient(database.evaluations),
    builds: patient(database.builds),
    steps: patient(database.steps),
    users: patient(database.users),
    failures: patient(database.failures),
    server: patient(database.server),
    storedNars: patient(database.storedNars),
    caches: patient(database.caches),
    cachePaths: patient(database.cachePaths),
    cacheTokens: patient(database.cacheTokens),
    cacheUploads: patient(database.cacheUploads),
    cacheExtras: patient(database.cacheExtras),
    rollouts: patient(database.rollouts),
    hosts: patient(database.hosts),
    transaction: (work) => patient({ run: () => database.transaction(work) }).run(),
    // Whoever opened the database closes it.
    async [Symbol.asyncDispose]() {},
  };
}
