/**
 * Executes a rollout of one host in a process of its own, which a test kills: `rollout.child.ts FOLDER ID SSH-CONFIG
 * IDENTITY`. Prints the phases as they begin.
 */

import { createFleetCopier } from '../../src/deploy/copy/create-fleet-copier.ts';
import { executeRollout } from '../../src/deploy/rollout/execute-rollout.ts';
import { openFileJournal } from '../../src/deploy/rollout/file-journal.ts';
import { ownSteps } from '../../src/deploy/rollout/own-steps.ts';
import { createSecretMemory } from '../../src/deploy/secrets/secret-memory.ts';
import type { ProteusEvent } from '../../src/events/event.ts';
import { openStore } from '../../src/store/open-store.ts';

const [folder = '', id = '', configFile = '', identityFile = ''] = process.argv.slice(2);
const emit = (event: ProteusEvent): void => {
  if (event.type === 'host.phase') console.log(event.phase);
};
await using journal = await openFileJournal(folder, id);
const [planned] = journal.entries;
if (planned?.type !== 'planned') throw new Error('a journal begins with its plan');
await using store = await openStore({ type: 'local' });
await using copier = createFleetCopier({ store });
await using secretMemory = createSecretMemory();
const { policy } = planned.plan;
const openSteps = ownSteps({ ssh: { configFile, identityFile }, policy, copier, secretMemory, emit });
const { outcomes } = await executeRollout(journal, {
  openSteps,
  emit,
  signal: AbortSignal.timeout(100_000),
  by: 'child',
});
console.log(JSON.stringify(outcomes));
