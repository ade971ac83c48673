/**
 * The journal of a rollout in a file, for rollouts without a server. Every entry is on the disk before it counts; the file
 * appears with its first one, the plan, or not at all. While a process executes the rollout it holds a lock, which the
 * kernel takes from it when it ends in whatever way.
 */

import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import { isFileLocked, lockFile } from '../../util/lock-file.ts';
import { createSerialize } from '../../util/serialize.ts';
import type { DeployPlan } from '../deploy-plan.ts';
import type { Journal, JournalEntry } from './journal.ts';
import { journalFile, readFileJournal } from './read-file-journal.ts';

export interface CreateJournalOptions {
  readonly by: string;
  readonly why: string;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
  /** Four characters that tell rollouts of the same second apart. */
  readonly random?: (() => string) | undefined;
}

/** A new rollout, named after the time in UTC. Throws `rollout.journal-failed`. */
export async function createFileJournal(
  folder: string,
  plan: DeployPlan,
  options: CreateJournalOptions,
): Promise<Journal> {
  const { by, why, now = Date.now, random = () => randomBytes(2).toString('hex') } = options;
  const at = now();
  const id = `${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-${random()}`;
  const file = journalFile(folder, id);
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch(failed(folder));
  const lock = takeLock(file, id);
  try {
    const planned: JournalEntry = { type: 'planned', at, by, why, plan };
    const handle = await open(`${file}.new`, 'wx', 0o600).catch(failed(file));
    try {
      await writeEntry(handle, planned).catch(failed(file));
      await rename(`${file}.new`, file).catch(failed(file));
      await syncFolder(folder).catch(failed(folder));
    } catch (error) {
      await handle.close();
      throw error;
    }
    return journalOn(id, file, handle, lock, [planned]);
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

/**
 * Goes on with a rollout. Throws `rollout.unknown`, `rollout.journal-invalid`, and `rollout.running` while another process
 * executes it.
 */
export async function openFileJournal(folder: string, id: string): Promise<Journal> {
  const file = journalFile(folder, id);
  // Before there is a lock file for a rollout that does not exist.
  await readFileJournal(folder, id);
  const lock = takeLock(file, id);
  try {
    const { entries, bytes } = await readFileJournal(folder, id);
    const handle = await open(file, 'a').catch(failed(file));
    try {
      // A torn line would become one with the next entry.
      await handle.truncate(bytes).catch(failed(file));
    } catch (error) {
      await handle.close();
      throw error;
    }
    return journalOn(id, file, handle, lock, entries);
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

/** Whether some other process executes the rollout. Not to be asked by the one that does. */
export function isRolloutRunning(folder: string, id: string): boolean {
  return isFileLocked(lockOf(journalFile(folder, id)));
}

function journalOn(
  id: string,
  file: string,
  handle: FileHandle,
  lock: Disposable,
  entries: readonly JournalEntry[],
): Journal {
  const serialize = createSerialize();
  let closed = false;
  return {
    id,
    entries,
    append: (entry) => serialize(() => writeEntry(handle, entry).catch(failed(file))),
    async [Symbol.asyncDispose]() {
      if (closed) return;
      closed = true;
      await serialize(() => handle.close());
      lock[Symbol.dispose]();
    },
  };
}

async function writeEntry(handle: FileHandle, entry: JournalEntry): Promise<void> {
  await handle.appendFile(`${JSON.stringify(entry)}\n`);
  await handle.datasync();
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function takeLock(file: string, id: string): Disposable {
  const lock = tryLock(lockOf(file));
  if (lock !== undefined) return lock;
  throw new AppError('rollout.running', `another process executes rollout ${id}`);
}

function tryLock(file: string): Disposable | undefined {
  try {
    return lockFile(file);
  } catch (cause) {
    return failed(file)(cause);
  }
}

/** What the system says of it, as an error of ours. */
function failed(file: string): (cause: unknown) => never {
  return (cause) => {
    throw new AppError('rollout.journal-failed', `cannot write ${file}: ${errorMessage(cause)}`, { cause });
  };
}

function lockOf(file: string): string {
  return `${file}.lock`;
}
