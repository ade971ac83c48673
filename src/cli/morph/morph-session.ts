/** What Morph's commands on hosts have in common: how hosts are reached, and who is told what. */

import path from 'node:path';
import { checkSshTarget } from '../../deploy/check-ssh-target.ts';
import type { PlannedHost } from '../../deploy/deploy-plan.ts';
import { type MorphHost, type MorphRemote, morphRemote } from '../../deploy/morph/morph-remote.ts';
import type { HostMetadata, SecretSpec } from '../../network/network.ts';
import { type SshSettings, sshSettingsFromEnvironment } from '../../process/ssh.ts';
import { sudoPassword } from '../sudo-password.ts';
import type { MorphCall } from './morph-call.ts';
import type { MorphContext } from './morph-context.ts';

export interface MorphSession {
  readonly ssh: SshSettings & { readonly user: string | undefined };
  readonly remote: MorphRemote;
  readonly write: (text: string) => void;
}

export function morphSession(call: MorphCall, context: MorphContext): MorphSession {
  const ssh = sshSettingsFromEnvironment(context.env);
  return {
    ssh,
    remote: morphRemote({ ssh, password: sudoPassword(call, context), env: context.env }),
    write: (text) => void context.stderr.write(text),
  };
}

/** Where a host is reached. Throws `deploy.target-invalid` for an address that would be taken for something else. */
export function morphHost(host: HostMetadata, user: string | undefined): MorphHost {
  const target = {
    host: host.targetHost,
    // 0 stands for "not set".
    port: host.targetPort || undefined,
    user: host.targetUser || user,
  };
  checkSshTarget(host.name, target);
  return { name: host.name, target };
}

/** Secrets with absolute sources: relative ones are meant from the folder of the network file. */
export function absoluteSecrets(
  host: HostMetadata,
  call: MorphCall,
  context: MorphContext,
): Readonly<Record<string, SecretSpec>> {
  const folder = path.dirname(path.resolve(context.cwd, call.deployment));
  return Object.fromEntries(
    Object.entries(host.secrets).map(([name, secret]) => [
      name,
      { ...secret, source: path.resolve(folder, secret.source) },
    ]),
  );
}

/** A host for what needs no system of it. */
export function hostWithoutSystem(
  host: HostMetadata,
  user: string | undefined,
  secrets: PlannedHost['secrets'],
): Omit<PlannedHost, 'toplevel'> {
  return {
    ...morphHost(host, user),
    buildOnly: host.buildOnly,
    substitute: host.substituteOnDestination,
    tags: host.tags,
    secrets,
    preDeployChecks: host.preDeployChecks,
    healthChecks: host.healthChecks,
  };
}
