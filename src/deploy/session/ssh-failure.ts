/** What ssh's own words say about a connection that was not made, or broke. */

import { AppError } from '../../util/app-error.ts';

const hostKeyWords =
  /Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED|No \S+ host key is known|Host key for .* has changed/;

/** The error for a host whose ssh ended with `said`; `what` was wanted of it. */
export function sshFailure(
  code: 'deploy.unreachable' | 'deploy.connection-lost',
  host: string,
  what: string,
  said: string,
): AppError {
  const words = said.trim() || 'ssh ended without a word';
  if (hostKeyWords.test(words)) {
    return new AppError(
      'deploy.host-key',
      `${host}: it shows another host key than the known one, or one that nobody knows yet; nothing was done.\n${words}`,
    );
  }
  return new AppError(code, `${host}: ${what}: ${words}`);
}
