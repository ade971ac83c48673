/**
 * The steps of a rollout as Morph does them, with its commands and its messages, for when Proteus is called by its name.
 * Nothing watches over the host meanwhile: there is no lock, no confirmation and no way back.
 *
 * Morph copies before it runs pre-deploy checks, because their programs are part of the new system; so here they run when
 * the activation begins, whenever the engine asks for them.
 */

import type { SshSettings } from '../../process/ssh.ts';
import { AppError } from '../../util/app-error.ts';
import type { DeployPlan, PlannedHost } from '../deploy-plan.ts';
import type { HostSteps, OpenHostSteps, StepOptions } from '../rollout/host-steps.ts';
import { activateMorphHost } from './activate-morph-host.ts';
import type { MorphRemote } from './morph-remote.ts';
import { uploadMorphSecrets } from './morph-secrets.ts';
import { pushMorphHost } from './push-morph-host.ts';
import { rebootMorphHost } from './reboot-morph-host.ts';
import { runMorphChecks } from './run-morph-checks.ts';

export interface MorphStepsDeps {
  readonly plan: DeployPlan;
  readonly remote: MorphRemote;
  readonly ssh: SshSettings;
  readonly nixConfig: Readonly<Record<string, string>>;
  /** `deployment.targetUser` of a host. */
  readonly shownUser: (host: string) => string;
  /** To the user. */
  readonly write: (text: string) => void;
  /** Hosts of whose failure the user has been told are added. */
  readonly told: Set<string>;
  /** For checks and for actions of secrets; 0 or less: as long as it takes. */
  readonly timeoutSeconds: number;
}

export function morphSteps(deps: MorphStepsDeps): OpenHostSteps {
  return (host) => stepsOf(host, deps);
}

function stepsOf(host: PlannedHost, deps: MorphStepsDeps): HostSteps {
  const { write, plan } = deps;
  let checksWanted = false;
  const nothing = (): Promise<void> => Promise.resolve();
  const check = (kind: 'pre-deploy' | 'health', { signal }: StepOptions): Promise<void> =>
    checking(host, kind, signal, deps);
  const finish = async (step: 'activate' | 'secrets-after', options: StepOptions): Promise<void> => {
    if (step !== lastOfEngine(plan)) return;
    if (plan.reboot) await rebootMorphHost(host, { ...deps, signal: options.signal });
    if (!plan.skipHealthChecks) await check('health', options);
  };
  return {
    begin: () => Promise.resolve(undefined),
    async preDeployChecks() {
      checksWanted = true;
    },
    async copy({ signal }) {
      await pushMorphHost(host, { ...deps, shownUser: deps.shownUser(host.name), signal });
      write('\n');
      // nix-copy-closure says nothing that could be counted.
      return { paths: 0, bytes: 0, substituted: 0 };
    },
    async secrets(phase, options) {
      const uploaded = await uploadMorphSecrets(host, { ...deps, phase, signal: options.signal });
      write('\n');
      if (phase === 'post-activation') await finish('secrets-after', options);
      return uploaded;
    },
    async activate(action, options) {
      if (checksWanted) await check('pre-deploy', options);
      const activated = await activateMorphHost(host, action, { ...deps, signal: options.signal });
      await finish('activate', options);
      return activated;
    },
    confirm: nothing,
    healthChecks: (options) => check('health', options),
    keep: nothing,
    reboot: ({ signal }) => rebootMorphHost(host, { ...deps, signal }),
    rollBack() {
      throw new AppError('deploy.failed', `${host.name}: there is no way back when called as morph`);
    },
    async [Symbol.asyncDispose]() {},
  };
}

/**
 * The engine ends with these steps where the new system does not run in the end; Morph reboots, if that was asked for, and
 * checks the health of hosts all the same.
 */
function lastOfEngine({
  action,
  reboot,
  uploadSecrets,
}: DeployPlan): 'activate' | 'secrets-after' | undefined {
  if (action === 'dry-activate') return 'activate';
  if (action !== 'boot' || reboot) return undefined;
  return uploadSecrets ? 'secrets-after' : 'activate';
}

/** With what a failure means for the other hosts. */
async function checking(
  host: PlannedHost,
  kind: 'pre-deploy' | 'health',
  signal: AbortSignal,
  deps: MorphStepsDeps,
): Promise<void> {
  try {
    await runMorphChecks(host, kind, { ...deps, signal });
  } catch (error) {
    if (error instanceof AppError && error.code === 'deploy.check-failed') {
      deps.write(`\nNot deploying to additional hosts, since a host ${kind} check failed.\n`);
      deps.told.add(host.name);
    }
    throw error;
  }
}
