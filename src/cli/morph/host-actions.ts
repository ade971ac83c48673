/** Morph's commands on hosts that deploy nothing: push, check-health, upload-secrets and exec. One host after the other. */

import path from 'node:path';
import { runAndTell, uploadMorphSecrets } from '../../deploy/morph/morph-secrets.ts';
import { pushMorphHost } from '../../deploy/morph/push-morph-host.ts';
import { runMorphChecks } from '../../deploy/morph/run-morph-checks.ts';
import { planRollout } from '../../deploy/rollout/plan-rollout.ts';
import type { HostMetadata } from '../../network/network.ts';
import { AppError } from '../../util/app-error.ts';
import { buildMorph } from './build-morph.ts';
import type { MorphCall } from './morph-call.ts';
import type { MorphContext } from './morph-context.ts';
import { hostOf, morphSession } from './morph-session.ts';
import { nixSettings } from './nix-settings.ts';
import { readToplevels } from './read-toplevels.ts';
import { selectMorphHosts } from './select-morph-hosts.ts';

export async function pushMorph(call: MorphCall, context: MorphContext): Promise<number> {
  const nix = nixSettings(call, context.env);
  const hosts = await selectMorphHosts(call, nix, context);
  await using result = await buildMorph(call, nix, hosts, context);
  context.stderr.write('\n');
  const session = morphSession(call, context);
  const plan = planRollout({
    action: 'push',
    hosts,
    toplevels: await readToplevels(result.path, hosts),
    defaultUser: session.ssh.user,
    baseDirectory: path.dirname(path.resolve(context.cwd, call.deployment)),
  });
  for (const [index, host] of plan.hosts.entries()) {
    const { targetUser: shownUser = '', nixConfig = {} } = hosts[index] ?? {};
    if (host.buildOnly) session.write(`Push is disabled for build-only host: ${host.name}\n`);
    else await pushMorphHost(host, { ...session, nixConfig, shownUser, signal: context.signal });
  }
  return 0;
}

/** 1 when the checks of any host failed; all hosts are checked. */
export async function checkHealthMorph(call: MorphCall, context: MorphContext): Promise<number> {
  const session = morphSession(call, context);
  let failed = false;
  for (const host of await selected(call, context)) {
    if (host.buildOnly) {
      session.write(`Healthchecks are disabled for build-only host: ${host.name}\n`);
      continue;
    }
    const planned = hostOf(host, call, context);
    const options = { ...session, signal: context.signal, timeoutSeconds: call.timeout };
    failed = !(await succeeds(() => runMorphChecks(planned, 'health', options))) || failed;
  }
  if (failed)
    throw new AppError('deploy.check-failed', 'One or more errors occurred during host healthchecks');
  return 0;
}

/** 1 when a secret is not as it should be, even where it is in place. */
export async function uploadSecretsMorph(call: MorphCall, context: MorphContext): Promise<number> {
  const session = morphSession(call, context);
  let partial = false;
  for (const host of await selected(call, context)) {
    if (host.buildOnly) {
      session.write(`Secret upload is disabled for build-only host: ${host.name}\n`);
      continue;
    }
    const planned = hostOf(host, call, context);
    const options = { ...session, signal: context.signal, timeoutSeconds: 0 };
    const uploaded = await uploadMorphSecrets(planned, options);
    partial ||= uploaded.partial.length > 0;
    if (call.skipHealthChecks) continue;
    if (await succeeds(() => runMorphChecks(planned, 'health', options))) continue;
    session.write('\nNot uploading to additional hosts, since a host health check failed.\n');
    return 1;
  }
  return partial ? 1 : 0;
}

/** 1 when the command failed on any host; it runs on all of them. */
export async function execMorph(call: MorphCall, context: MorphContext): Promise<number> {
  const session = morphSession(call, context);
  let failed = false;
  for (const host of await selected(call, context)) {
    if (host.buildOnly) {
      session.write(`Exec is disabled for build-only host: ${host.name}\n`);
      continue;
    }
    session.write(`** ${host.name}\n`);
    const problem = await runAndTell(hostOf(host, call, context), call.words, {
      ...session,
      signal: context.signal,
      timeoutSeconds: call.timeout,
      output: (chunk) => void context.stderr.write(chunk),
    });
    failed ||= problem !== undefined;
    session.write('\n');
  }
  return failed ? 1 : 0;
}

function selected(call: MorphCall, context: MorphContext): Promise<readonly HostMetadata[]> {
  return selectMorphHosts(call, nixSettings(call, context.env), context);
}

/** False when checks fail, which the user has been told. */
async function succeeds(check: () => Promise<void>): Promise<boolean> {
  try {
    await check();
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code === 'deploy.check-failed') return false;
    throw error;
  }
}
