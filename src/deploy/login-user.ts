/** Who we are on a host, which decides whether sudo is needed. */

import { runProcess } from '../process/run-process.ts';
import { type SshSettings, type SshTarget, sshArgv } from '../process/ssh.ts';

/**
 * The user ssh logs in as: the target's own, else what ssh's configuration says for that host (asked with `ssh -G`,
 * which connects to nothing).
 */
export async function loginUser(
  target: SshTarget,
  settings: SshSettings,
  signal?: AbortSignal,
): Promise<string> {
  if (target.user !== undefined) return target.user;
  const [ssh, ...rest] = sshArgv(target, settings, []);
  const { stdout } = await runProcess([ssh, '-G', ...rest], { signal });
  return /^user (.+)$/m.exec(stdout)?.[1] ?? '';
}
