/** The journals of rollouts that the command line keeps, newest first. */

import { readdir } from 'node:fs/promises';
import { isRolloutRunning } from '../../deploy/rollout/file-journal.ts';
import { journalSuffix, readFileJournal } from '../../deploy/rollout/read-file-journal.ts';
import { AppError } from '../../util/app-error.ts';
import { type JournalSummary, journalSummary } from './journal-summary.ts';

export interface UnreadableJournal {
  readonly id: string;
  readonly problem: string;
}

export interface ListedJournals {
  readonly rollouts: readonly JournalSummary[];
  readonly unreadable: readonly UnreadableJournal[];
}

export async function listJournals(folder: string): Promise<ListedJournals> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  });
  const ids = names
    .filter((name) => name.endsWith(journalSuffix))
    .map((name) => name.slice(0, -journalSuffix.length))
    .toSorted()
    .toReversed();
  const rollouts: JournalSummary[] = [];
  const unreadable: UnreadableJournal[] = [];
  for (const id of ids) {
    try {
      const { entries } = await readFileJournal(folder, id, { withoutDiffs: true });
      rollouts.push(journalSummary(id, entries, isRolloutRunning(folder, id)));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      unreadable.push({ id, problem: error.message });
    }
  }
  return { rollouts, unreadable };
}
