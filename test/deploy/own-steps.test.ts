/** A rollout with our own steps, from its plan to what the hosts run. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFleetCopier } from '../../src/deploy/copy/create-fleet-copier.ts';
import type { DeployPlan } from '../../src/deploy/deploy-plan.ts';
import { defaultPolicy } from '../../src/deploy/rollout/default-policy.ts';
import { executeRollout } from '../../src/deploy/rollout/execute-rollout.ts';
import { createFileJournal } from '../../src/deploy/rollout/file-journal.ts';
import { ownSteps } from '../../src/deploy/rollout/own-steps.ts';
import { createSecretMemory } from '../../src/deploy/secrets/secret-memory.ts';
import { plannedHost, planOf } from '../../src/deploy/testing/plan-of.ts';
import type { ProteusEvent } from '../../src/events/event.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import { type ActivationLab, prepareActivationLab } from './activation-lab.ts';

let lab: Lab;
let store: Store;
let web: ActivationLab;
let folder: string;
let events: ProteusEvent[];

beforeAll(async () => {
  lab = await createLab();
  web = await prepareActivationLab(await lab.addHost('web01'));
  store = await openStore({ type: 'local' });
  folder = await mkdtemp(join(tmpdir(), 'proteus-own-steps.'));
});
afterAll(async () => {
  await store?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  events = [];
  await web.reset();
});

async function rollOut(plan: DeployPlan) {
  const emit = (event: ProteusEvent): void => void events.push(event);
  await using copier = createFleetCopier({ store });
  await using secretMemory = createSecretMemory();
  await using journal = await createFileJournal(folder, plan, { by: 'test', why: 'test' });
  const openSteps = ownSteps({
    ssh: web.host.ssh.settings,
    policy: plan.policy,
    copier,
    secretMemory,
    emit,
  });
  return await executeRollout(journal, { openSteps, emit, signal: AbortSignal.timeout(100_000), by: 'test' });
}

const command = (cmd: readonly string[]) => ({
  cmd: [{ description: cmd.join(' '), cmd, period: 1, timeout: 5 }],
  http: [],
});

describe('a rollout with our own steps', () => {
  it('takes a host back whose health check fails', async () => {
    const host = plannedHost({
      name: 'web01',
      target: web.host.ssh.target,
      toplevel: web.fresh,
      healthChecks: command(['sudo', 'false']),
    });
    const policy = { ...defaultPolicy, checkTimeout: 1 };

    expect(await rollOut(planOf('switch', [host], { policy }))).toMatchObject({
      result: 'failed',
      outcomes: [{ host: 'web01', result: 'rolled-back', message: expect.stringContaining('sudo false') }],
    });
    expect(await web.stands()).toEqual({ current: web.old, profile: web.old, generation: 'system-1-link' });
  });
});
