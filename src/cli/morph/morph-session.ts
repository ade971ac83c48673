/** What Morph's commands on hosts have in common: how hosts are reached, and who is told what. */

import path from 'node:path';
import { type KnownHost, knownHost } from '../../deploy/known-host.ts';
import { type MorphRemote, morphRemote } from '../../deploy/morph/morph-remote.ts';
import type { HostMetadata } from '../../network/network.ts';
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

/** Throws `deploy.target-invalid`. */
export function hostOf(host: HostMetadata, call: MorphCall, context: MorphContext): KnownHost {
  return knownHost(host, {
    defaultUser: sshSettingsFromEnvironment(context.env).user,
    base: path.dirname(path.resolve(context.cwd, call.deployment)),
  });
}
