/** How a server does what a rollout wants done on hosts: with its own key, out of its own store, with its own secrets. */

import type { RolloutSteps } from '../../ci/rollouts/run-rollout.ts';
import type { ServerConfig } from '../../config/config-schema.ts';
import { createFleetCopier } from '../../deploy/copy/create-fleet-copier.ts';
import type { DeployPlan } from '../../deploy/deploy-plan.ts';
import { ownSteps } from '../../deploy/rollout/own-steps.ts';
import { createSecretMemory } from '../../deploy/secrets/secret-memory.ts';
import type { Emit } from '../../events/event.ts';
import type { SshSettings } from '../../process/ssh.ts';
import type { Store } from '../../store/store.ts';

export async function openRolloutSteps(
  plan: DeployPlan,
  {
    config,
    store,
    emit,
  }: { readonly config: ServerConfig['rollouts']; readonly store: Store; readonly emit: Emit },
): Promise<RolloutSteps> {
  await using stack = new AsyncDisposableStack();
  const copier = stack.use(createFleetCopier({ store }));
  // A network must not name programs that the server runs.
  const secretMemory = stack.use(
    createSecretMemory({ allow: ['file', 'text', 'age'], ageIdentity: config['age-identity'] }),
  );
  const open = ownSteps({ ssh: sshSettingsOf(config), policy: plan.policy, copier, secretMemory, emit });
  const owned = stack.move();
  return { open, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

export function sshSettingsOf(config: ServerConfig['rollouts']): SshSettings {
  const { identity, 'known-hosts': knownHosts, 'ssh-config': configFile } = config;
  return {
    identityFile: identity,
    configFile,
    extraArgs: [
      ...(identity === undefined ? [] : ['-o', 'IdentitiesOnly=yes']),
      ...(knownHosts === undefined
        ? []
        : ['-o', `UserKnownHostsFile=${knownHosts}`, '-o', 'StrictHostKeyChecking=yes']),
    ],
  };
}
