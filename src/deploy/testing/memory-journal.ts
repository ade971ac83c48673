/** A journal that is gone with the process, for tests. What was appended can be given to another one, as after a crash. */

import type { DeployPlan } from '../deploy-plan.ts';
import type { Journal, JournalEntry } from '../rollout/journal.ts';

export interface MemoryJournal extends Journal {
  /** All entries, those of now too. */
  readonly written: readonly JournalEntry[];
}

/** `gate` is waited for before and after each entry is written. */
export function memoryJournal(
  entries: readonly JournalEntry[],
  gate: (point: string) => Promise<void> = async () => {},
): MemoryJournal {
  const written = [...entries];
  return {
    id: 'rollout-1',
    entries,
    written,
    async append(entry) {
      await gate(`journal ${entry.type}`);
      written.push(entry);
      await gate(`journaled ${entry.type}`);
    },
    async [Symbol.asyncDispose]() {},
  };
}

export function plannedEntry(plan: DeployPlan): JournalEntry {
  return { type: 'planned', at: 0, by: 'somebody', why: 'a test', plan };
}
