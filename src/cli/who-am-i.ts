/** Who acts here, as journals, cordons and hosts have it. */

import { hostname, userInfo } from 'node:os';

export function whoAmI(env: Readonly<Record<string, string | undefined>>): string {
  return `${env.SUDO_USER || env.USER || userInfo().username}@${hostname()}`;
}
