/** Our side of the rollout benchmark: the engine as a server has it, all hosts at once. */

import { createFleetCopier } from '../../src/deploy/copy/create-fleet-copier.ts';
import { defaultPolicy } from '../../src/deploy/rollout/default-policy.ts';
import { executeRollout } from '../../src/deploy/rollout/execute-rollout.ts';
import { ownSteps } from '../../src/deploy/rollout/own-steps.ts';
import { createSecretMemory } from '../../src/deploy/secrets/secret-memory.ts';
import { memoryJournal, plannedEntry } from '../../src/deploy/testing/memory-journal.ts';
import { plannedHost, planOf } from '../../src/deploy/testing/plan-of.ts';
import { secretOf } from '../../src/deploy/testing/secret-of.ts';
import { parseStorePath } from '../../src/nix/store-path.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Setting } from './setting.ts';

/** Throws unless every host runs its system in the end, and all is well there. */
export async function ourSide({ targets, sshConfigFile, usual }: Setting, rollout: string): Promise<void> {
  const { signal } = new AbortController();
  const policy = { ...defaultPolicy, parallel: targets.length };
  const hosts = targets.map(({ name, host, toplevel }) =>
    plannedHost({
      name,
      target: { host, user: 'root' },
      toplevel: parseStorePath(toplevel),
      ...(usual !== undefined && {
        secrets: { key: secretOf({ source: usual.secretFile, destination: usual.secretDestination }) },
        healthChecks: { cmd: [{ description: 'check', cmd: ['true'], period: 2, timeout: 5 }], http: [] },
      }),
    }),
  );
  await using store = await openStore({ type: 'local' });
  await using copier = createFleetCopier({ store });
  await using secretMemory = createSecretMemory();
  const emit = (): void => {};
  const plan = planOf('switch', hosts, { policy, uploadSecrets: usual !== undefined });
  const journal = { ...memoryJournal([plannedEntry(plan)]), id: rollout };
  const ssh = { configFile: sshConfigFile };
  const { result, outcomes } = await executeRollout(journal, {
    openSteps: ownSteps({ ssh, policy, copier, secretMemory, emit }),
    emit,
    signal,
    by: 'bench',
  });
  if (result !== 'succeeded') throw new Error(JSON.stringify(outcomes));
}
