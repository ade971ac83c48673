/**
 * The journal of a rollout in the database. What an entry means for the rows of the rollout, its hosts and what is kept is
 * written together with it, so neither is ever true without the other.
 */

import type { Database } from '../../db/database.ts';
import type { RolloutChange } from '../../db/rollout-database.ts';
import type { DeployPlan, HostOutcome } from '../../deploy/deploy-plan.ts';
import type { Journal, JournalEntry } from '../../deploy/rollout/journal.ts';
import { createSerialize } from '../../util/serialize.ts';

/** `entries`: all that are there. */
export function openDatabaseJournal(
  database: Pick<Database, 'rollouts'>,
  id: string,
  plan: DeployPlan,
  entries: readonly JournalEntry[],
): Journal {
  let count = entries.length;
  const oneByOne = createSerialize();
  const before = new Map<string, string>();
  for (const entry of entries) note(before, entry);

  return {
    id,
    entries,
    append: (entry) =>
      oneByOne(async () => {
        note(before, entry);
        const change = changeOf(entry, plan, before);
        await database.rollouts.append(id, count, JSON.stringify(entry), change);
        count += 1;
      }),
    async [Symbol.asyncDispose]() {
      await oneByOne(async () => {});
    },
  };
}

/** Remembers what each host would go back to. */
function note(before: Map<string, string>, entry: JournalEntry): void {
  if (entry.type !== 'previous') return;
  const previous = entry.profile ?? entry.current;
  if (previous !== undefined) before.set(entry.host, previous);
}

function changeOf(entry: JournalEntry, plan: DeployPlan, before: ReadonlyMap<string, string>): RolloutChange {
  switch (entry.type) {
    case 'started':
      return { rollout: { startedAt: entry.at } };
    case 'step':
      return { host: { name: entry.host, step: entry.step, startedAt: entry.at } };
    case 'previous':
      return { host: { name: entry.host, previous: entry.current ?? entry.profile ?? null } };
    case 'host':
      return endOfHost(entry.outcome, entry.at, plan, before);
    case 'ended':
      return { rollout: { state: 'ended', result: entry.result, endedAt: entry.at }, releases: true };
    case 'planned':
    case 'paused':
    case 'resumed':
    case 'aborted':
    case 'wave':
    case 'trouble':
    case 'diff':
      return {};
  }
}

function endOfHost(
  outcome: HostOutcome,
  at: number,
  plan: DeployPlan,
  before: ReadonlyMap<string, string>,
): RolloutChange {
  const { host: name, result } = outcome;
  const host = { name, result, message: wordsOf(outcome), endedAt: at };
  const stays = plan.action === 'switch' || plan.action === 'boot';
  const toplevel = plan.hosts.find((planned) => planned.name === name)?.toplevel;
  if (!stays || toplevel === undefined || (result !== 'deployed' && result !== 'degraded')) return { host };
  return { host, deployed: { host: name, system: toplevel, previous: before.get(name) ?? null, at } };
}

function wordsOf(outcome: HostOutcome): string | null {
  if (outcome.result === 'deployed') return null;
  return outcome.result === 'skipped' ? outcome.reason : outcome.message;
}
