/** One rollout of a server, from its rows to its end: journal, logs of its hosts, closures in the store, the engine. */

import type { Database } from '../../db/database.ts';
import type { RolloutRecord } from '../../db/rollout-records.ts';
import type { DeployPlan } from '../../deploy/deploy-plan.ts';
import { executeRollout } from '../../deploy/rollout/execute-rollout.ts';
import type { OpenHostSteps } from '../../deploy/rollout/host-steps.ts';
import { journalEntrySchema } from '../../deploy/rollout/journal-schema.ts';
import { planOfJournal } from '../../deploy/rollout/rollout-state.ts';
import type { Emit, ServerEvent } from '../../events/event.ts';
import type { StorePath } from '../../nix/store-path.ts';
import type { RunOptions } from './create-rollouts.ts';
import { hostLogLine } from './host-log-line.ts';
import { openDatabaseJournal } from './open-database-journal.ts';
import { openRolloutLog } from './rollout-log.ts';
import { withFacts } from './with-facts.ts';

/** What hosts are reached with, for the time of one rollout. */
export interface RolloutSteps extends AsyncDisposable {
  readonly open: OpenHostSteps;
}

export interface RunDeps {
  readonly database: Pick<Database, 'rollouts' | 'hosts'>;
  readonly openSteps: (plan: DeployPlan, emit: Emit) => Promise<RolloutSteps>;
  /** Has them in the local store, safe from the garbage collector. */
  readonly bring: (paths: readonly StorePath[], signal: AbortSignal) => Promise<void>;
  readonly logDirectory: string;
  readonly logs: { began(file: string): void; ended(file: string): void };
  readonly emit: (event: ServerEvent) => void;
  readonly now: () => number;
  /** After the signal has fired: how long hosts that are being activated are waited for. */
  readonly graceMs: number;
}

/** Throws `interrupted`, `rollout.journal-invalid`, and what bringing the closures throws. */
export async function runRollout(
  { id, project, approvedBy, createdBy }: RolloutRecord,
  { control, cordoned, signal }: RunOptions,
  deps: RunDeps,
): Promise<void> {
  const { database, now } = deps;
  const entries = (await database.rollouts.entries(id)).map((text) =>
    journalEntrySchema.parse(JSON.parse(text)),
  );
  const plan = planOfJournal(id, entries);
  await using log = await openRolloutLog(
    id,
    plan.hosts.map(({ name }) => name),
    {
      logDirectory: deps.logDirectory,
      logs: deps.logs,
      onFault: (text, error) =>
        deps.emit({ type: 'message', level: 'error', text: `${text}: ${String(error)}` }),
      now,
    },
  );
  const emit: Emit = (event) => {
    if ('host' in event) log.write(event.host, hostLogLine(event));
    deps.emit('host' in event ? { ...event, rollout: id } : event);
  };
  await using journal = openDatabaseJournal(database, id, plan, entries);
  await deps.bring(
    plan.hosts.filter(({ buildOnly }) => !buildOnly).map(({ toplevel }) => toplevel),
    signal,
  );
  await using steps = await deps.openSteps(plan, emit);
  const kill = new AbortController();
  const mercy = (): void => {
    setTimeout(() => kill.abort(), deps.graceMs).unref();
  };
  signal.addEventListener('abort', mercy, { once: true });
  try {
    await executeRollout(journal, {
      openSteps: (host, rollout) =>
        withFacts(steps.open(host, rollout), (facts) =>
          database.hosts.setFacts(project, host.name, JSON.stringify(facts), now()),
        ),
      emit,
      signal,
      kill: kill.signal,
      control,
      by: approvedBy ?? createdBy,
      cordoned,
      now,
    });
  } finally {
    signal.removeEventListener('abort', mercy);
  }
}
