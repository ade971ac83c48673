/** Copying a system to its host with nix-copy-closure, as Morph does. */

import type { SshSettings } from '../../process/ssh.ts';
import { AppError } from '../../util/app-error.ts';
import type { PlannedHost } from '../deploy-plan.ts';
import { exitWords } from './exit-words.ts';
import { morphCopyArgv } from './morph-argv.ts';
import type { MorphRemote } from './morph-remote.ts';

export interface MorphPushOptions {
  readonly remote: MorphRemote;
  readonly ssh: SshSettings;
  readonly nixConfig: Readonly<Record<string, string>>;
  /** `deployment.targetUser`, which is what is shown; the login may be another. */
  readonly shownUser: string;
  readonly write: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Throws `deploy.failed`. */
export async function pushMorphHost(host: PlannedHost, options: MorphPushOptions): Promise<void> {
  const { remote, ssh, nixConfig, shownUser, write, signal } = options;
  write(`Pushing paths to ${host.name} (${shownUser}@${host.target.host}):\n\t* ${host.toplevel}\n`);
  const { argv, sshOptions } = morphCopyArgv(host.target, ssh, {
    path: host.toplevel,
    nixConfig,
    substitute: host.substitute,
  });
  const exit = await remote.local(
    argv,
    { signal, output: (chunk) => write(Buffer.from(chunk).toString()) },
    sshOptions === undefined ? {} : { NIX_SSHOPTS: sshOptions },
  );
  if (signal.aborted) throw new AppError('interrupted', 'interrupted');
  if (exit.code !== 0) throw new AppError('deploy.failed', exitWords(exit));
}
