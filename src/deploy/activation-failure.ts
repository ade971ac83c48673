/**
 * What the exit code of a remote command says about the host, in words that hold: a host that runs the new system
 * with a broken unit is not the same as one that was never touched.
 *
 * switch-to-configuration: 4 activated, but some unit failed; 100 the running init cannot be replaced, the new system
 * takes effect at the next boot; others failed before that. ssh itself: 255. (Deploy reference §6, last paragraph.)
 */

import { AppError } from '../util/app-error.ts';
import type { SwitchAction } from './deploy-plan.ts';

/** The failure of setting the profile; undefined for exit code 0. */
export function profileFailure(host: string, code: number | null): AppError | undefined {
  if (code === 0) return undefined;
  if (code === 255) return connectionLost(host, 'while its system profile was set; nothing was activated');
  return new AppError(
    'deploy.failed',
    `${host}: the system profile could not be set (${ended(code)}); nothing was activated`,
  );
}

/** The failure of an activation; undefined for exit code 0. */
export function activationFailure(
  host: string,
  action: SwitchAction,
  code: number | null,
): AppError | undefined {
  if (code === 0) return undefined;
  if (code === 255) {
    return connectionLost(host, `while ${action} was running; it may still be, or may have stopped half-way`);
  }
  const failed = (text: string): AppError => new AppError('deploy.failed', `${host}: ${text}`);
  if (code === 4) return failed(`the new system is active, but some units failed (${ended(code)})`);
  if (code === 100) {
    return failed(
      action === 'test'
        ? `the new system needs reboot to take effect, which ${action} does not prepare (${ended(code)})`
        : `the new system needs reboot: it is not active yet, and will be after the next boot (${ended(code)})`,
    );
  }
  const profile =
    action === 'switch' || action === 'boot' ? ', and the system profile points to the new system' : '';
  return failed(`${action} failed (${ended(code)}); the host may be partly changed${profile}`);
}

function connectionLost(host: string, when: string): AppError {
  return new AppError(
    'deploy.connection-lost',
    `${host}: the connection was lost ${when} (ssh ended with exit code 255)`,
  );
}

function ended(code: number | null): string {
  return code === null ? 'ssh was killed' : `exit code ${code}`;
}
