/** A rollout to lab hosts with our own steps, from its plan to its end. */

import { copyUnlessPresent } from '../../src/deploy/copy/copy-unless-present.ts';
import { createFleetCopier } from '../../src/deploy/copy/create-fleet-copier.ts';
import type { DeployPlan } from '../../src/deploy/deploy-plan.ts';
import { executeRollout, type RolloutEnd } from '../../src/deploy/rollout/execute-rollout.ts';
import type { Journal } from '../../src/deploy/rollout/journal.ts';
import { ownSteps } from '../../src/deploy/rollout/own-steps.ts';
import { createSecretMemory } from '../../src/deploy/secrets/secret-memory.ts';
import { memoryJournal, plannedEntry } from '../../src/deploy/testing/memory-journal.ts';
import type { Emit } from '../../src/events/event.ts';
import type { SshSettings } from '../../src/process/ssh.ts';
import type { Store } from '../../src/store/store.ts';

export interface RollOutOptions {
  readonly store: Store;
  readonly ssh: SshSettings;
  readonly emit?: Emit | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Default: a new one in memory, `lab-N`. */
  readonly journal?: Journal | undefined;
}

let made = 0;

export async function rollOut(plan: DeployPlan, options: RollOutOptions): Promise<RolloutEnd> {
  const { store, ssh, emit = () => {}, signal = AbortSignal.timeout(100_000) } = options;
  await using copier = createFleetCopier({ store });
  await using secretMemory = createSecretMemory();
  const openSteps = ownSteps({
    ssh,
    policy: plan.policy,
    copier: copyUnlessPresent(copier),
    secretMemory,
    emit,
  });
  // Hosts remember what the rollout of a name did.
  made += 1;
  const fresh = { ...memoryJournal([plannedEntry(plan)]), id: `lab-${made}` };
  const journal = options.journal ?? fresh;
  return await executeRollout(journal, { openSteps, emit, signal, by: 'test' });
}
