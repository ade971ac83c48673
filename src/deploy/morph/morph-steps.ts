/**
 * The steps of a rollout as Morph does them, with its commands and its messages, for when Proteus is called by its name.
 * Nothing watches over the host meanwhile: there is no lock, no confirmation and no way back.
 *
 * Morph copies before it runs pre-deploy checks, because their programs are part of the new system; so here they run when
 * the activation begins, whenever the engine asks for them.
 */

import type { SshSettings } from '../../process/ssh.ts';
import { AppError } from '../../util/app-error.ts';
import type { PlannedHost } from '../deploy-plan.ts';
import type { HostSteps, OpenHostSteps } from '../rollout/host-steps.ts';
import { activateMorphHost } from './activate-morph-host.ts';
import type { MorphRemote } from './morph-remote.ts';
import { uploadMorphSecrets } from './morph-secrets.ts';
import { pushMorphHost } from './push-morph-host.ts';
import { rebootMorphHost } from './reboot-morph-host.ts';
import { runMorphChecks } from './run-morph-checks.ts';

export interface MorphStepsDeps {
  readonly remote: MorphRemote;
  readonly ssh: SshSettings;
  readonly nixConfig: Readonly<Record<string, string>>;
  /** `deployment.targetUser` of a host. */
  readonly shownUser: (host: string) => string;
  /** To the user. */
  readonly write: (text: string) => void;
  /** For checks and for actions of secrets; 0 or less: as long as it takes. */
  readonly timeoutSeconds: number;
}

export function morphSteps(deps: MorphStepsDeps): OpenHostSteps {
  return (host) => stepsOf(host, deps);
}

function stepsOf(host: PlannedHost, deps: MorphStepsDeps): HostSteps {
  const { write } = deps;
  let checksWanted = false;
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    begin: () => Promise.resolve(undefined),
    async preDeployChecks() {
      checksWanted = true;
    },
    async copy({ signal }) {
      await pushMorphHost(host, { ...deps, shownUser: deps.shownUser(host.name), signal });
      write('\n');
      // Of what nix-copy-closure did we know nothing.
      return { paths: 0, bytes: 0, substituted: 0 };
    },
    async secrets(phase, { signal }) {
      const uploaded = await uploadMorphSecrets(host, { ...deps, phase, signal });
      write('\n');
      return uploaded;
    },
    async activate(action, { signal }) {
      if (checksWanted) {
        const advice = '\nNot deploying to additional hosts, since a host pre-deploy check failed.\n';
        await adding(advice, write, () => runMorphChecks(host, 'pre-deploy', { ...deps, signal }));
      }
      return await activateMorphHost(host, action, { ...deps, signal });
    },
    confirm: nothing,
    async healthChecks({ signal }) {
      const advice = '\nNot deploying to additional hosts, since a host health check failed.\n';
      await adding(advice, write, () => runMorphChecks(host, 'health', { ...deps, signal }));
    },
    keep: nothing,
    reboot: ({ signal }) => rebootMorphHost(host, { ...deps, signal }),
    rollBack() {
      throw new AppError('deploy.failed', `${host.name}: there is no way back when called as morph`);
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** What a failure of checks means for the rest. */
async function adding(
  advice: string,
  write: (text: string) => void,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof AppError && error.code === 'deploy.check-failed') write(advice);
    throw error;
  }
}
