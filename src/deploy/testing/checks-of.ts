/** Checks for tests, with the defaults of their options. */

import type { CommandCheck, HttpCheck } from '../../network/network.ts';

export function commandCheck(
  cmd: readonly string[] | null,
  change: Partial<CommandCheck> = {},
): CommandCheck {
  return { description: cmd?.join(' ') ?? 'nothing', cmd, period: 0, timeout: 5, ...change };
}

export function httpCheck(port: number, change: Partial<HttpCheck> = {}): HttpCheck {
  return {
    description: 'page',
    host: null,
    scheme: 'http',
    port,
    path: '/',
    headers: {},
    period: 0,
    timeout: 5,
    insecureSSL: false,
    ...change,
  };
}
