/**
 * Refuses addresses that ssh could take for something else than a host name, a user and a port. They come from a
 * network file and end on a command line: a leading dash would be an option, `ssh://…` and `user@…` inside a host
 * would override what was planned, and white space or `%` could reach a ProxyCommand's shell.
 */

import type { SshTarget } from '../process/ssh.ts';
import { AppError } from '../util/app-error.ts';

/** A DNS name, an alias of ssh_config, or an IPv4 address. */
const hostName = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$/;
/** Bare, as ssh wants it; a zone may follow. */
const ipv6 = /^[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9_.-]+)?$/;
const userName = /^[A-Za-z0-9_][A-Za-z0-9_.@+\\-]{0,127}\$?$/;

/** Throws `deploy.target-invalid` naming the host and what is wrong. */
export function checkSshTarget(name: string, target: SshTarget): void {
  const refuse = (what: string, value: unknown, wanted: string): never => {
    throw new AppError(
      'deploy.target-invalid',
      `${name}: deployment.${what} is ${JSON.stringify(value)}, wanted ${wanted}`,
    );
  };
  if (!hostName.test(target.host) && !ipv6.test(target.host)) {
    refuse('targetHost', target.host, 'a host name or an IP address');
  }
  if (target.user !== undefined && !userName.test(target.user)) {
    refuse('targetUser', target.user, 'the name of a user');
  }
  const { port } = target;
  if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65535)) {
    refuse('targetPort', port, 'a port from 1 to 65535');
  }
}
