/**
 * Morph's `deploy`, over the engine of rollouts: one host after the other, the first failure ends it, nothing goes back
 * by itself. The journal is in memory only, as Morph keeps no state. With `--dry-run` nothing but checks runs on hosts:
 * they change nothing.
 */

import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { DeployPlan } from '../../deploy/deploy-plan.ts';
import { morphSteps } from '../../deploy/morph/morph-steps.ts';
import { runMorphChecks } from '../../deploy/morph/run-morph-checks.ts';
import { executeRollout } from '../../deploy/rollout/execute-rollout.ts';
import type { Journal, JournalEntry } from '../../deploy/rollout/journal.ts';
import { planRollout } from '../../deploy/rollout/plan-rollout.ts';
import type { HostMetadata } from '../../network/network.ts';
import { AppError } from '../../util/app-error.ts';
import { buildMorph } from './build-morph.ts';
import type { MorphCall } from './morph-call.ts';
import type { MorphContext } from './morph-context.ts';
import { type MorphSession, morphSession } from './morph-session.ts';
import { nixSettings } from './nix-settings.ts';
import { readToplevels } from './read-toplevels.ts';
import { selectMorphHosts } from './select-morph-hosts.ts';

export async function deployMorph(call: MorphCall, context: MorphContext): Promise<number> {
  const nix = nixSettings(call, context.env);
  const hosts = await selectMorphHosts(call, nix, context);
  await using result = await buildMorph(call, nix, hosts, context);
  context.stderr.write('\n');
  const session = morphSession(call, context);
  const plan = await planMorph(call, hosts, result.path, session, context);
  if (call.dryRun) return await checkOnly(plan, session, call, context);
  return await execute(plan, hosts, session, call, context);
}

async function planMorph(
  call: MorphCall,
  hosts: readonly HostMetadata[],
  result: string,
  { ssh }: MorphSession,
  context: MorphContext,
): Promise<DeployPlan> {
  const file = path.resolve(context.cwd, call.deployment);
  return planRollout({
    action: call.action,
    hosts,
    toplevels: await readToplevels(result, hosts),
    defaultUser: ssh.user,
    source: { type: 'network', file },
    baseDirectory: path.dirname(file),
    policy: { rollBack: false, checkTimeout: Math.max(0, call.timeout) },
    uploadSecrets: call.uploadSecrets && call.action !== 'dry-activate',
    reboot: call.reboot,
    skipPreDeployChecks: call.skipPreDeployChecks,
    skipHealthChecks: call.skipHealthChecks,
    force: true,
  });
}

async function execute(
  plan: DeployPlan,
  hosts: readonly HostMetadata[],
  session: MorphSession,
  call: MorphCall,
  context: MorphContext,
): Promise<number> {
  const { write } = session;
  const users = new Map(hosts.map(({ name, targetUser }) => [name, targetUser]));
  const buildOnly = new Set(plan.hosts.filter((host) => host.buildOnly).map(({ name }) => name));
  const told = new Set<string>();
  const openSteps = morphSteps({
    ...session,
    plan,
    told,
    nixConfig: hosts[0]?.nixConfig ?? {},
    shownUser: (name) => users.get(name) ?? '',
    timeoutSeconds: call.timeout,
  });
  const { outcomes } = await executeRollout(memoryJournal(plan), {
    openSteps,
    emit(event) {
      if (event.type === 'host.done') write(`Done: ${event.host}\n`);
      else if (event.type === 'host.failed' && !told.has(event.host)) write(`${event.message}\n`);
      else if (event.type === 'host.skipped' && buildOnly.has(event.host)) write(`${event.reason}\n`);
    },
    signal: context.signal,
    // Morph waits for nothing when it is interrupted.
    kill: context.signal,
    by: 'morph',
  });
  return outcomes.every(({ host, result }) => result === 'deployed' || buildOnly.has(host)) ? 0 : 1;
}

function memoryJournal(plan: DeployPlan): Journal {
  const entries: JournalEntry[] = [{ type: 'planned', at: Date.now(), by: 'morph', why: '', plan }];
  return {
    id: `morph-${randomUUID()}`,
    entries,
    async append(entry) {
      entries.push(entry);
    },
    async [Symbol.asyncDispose]() {},
  };
}

async function checkOnly(
  plan: DeployPlan,
  session: MorphSession,
  call: MorphCall,
  context: MorphContext,
): Promise<number> {
  const { write } = session;
  const options = { ...session, signal: context.signal, timeoutSeconds: call.timeout };
  for (const host of plan.hosts) {
    if (host.buildOnly) {
      write(`Deployment steps are disabled for build-only host: ${host.name}\n`);
      continue;
    }
    write('\n');
    for (const [kind, skipped] of [
      ['pre-deploy', call.skipPreDeployChecks],
      ['health', call.skipHealthChecks],
    ] as const) {
      if (skipped) continue;
      try {
        await runMorphChecks(host, kind, options);
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'deploy.check-failed') throw error;
        write(`\nNot deploying to additional hosts, since a host ${kind} check failed.\n`);
        return 1;
      }
    }
    write(`Done: ${host.name}\n`);
  }
  return 0;
}
