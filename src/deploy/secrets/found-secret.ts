/** What a host says of a secret that it has, and whether that is what it should have. */

import type { SecretSpec } from '../../network/network.ts';

export interface FoundSecret {
  /** In base 16; undefined when no file is there. */
  readonly sum: string | undefined;
  readonly user: readonly [name: string, id: string];
  readonly group: readonly [name: string, id: string];
  /** As octal digits. */
  readonly mode: string;
  readonly actionDue: boolean;
}

/** From the words of `lookScript`; undefined when they are not its words. */
export function parseFound(words: readonly string[]): FoundSecret | undefined {
  const [sum = '', user = '', group = '', uid = '', gid = '', mode = '', action = ''] = words;
  if (words.length !== 7 || !/^([0-9a-f]{64}|none|other)$/.test(sum)) return undefined;
  return {
    sum: sum.length === 64 ? sum : undefined,
    user: [user, uid],
    group: [group, gid],
    mode,
    actionDue: action === 'due',
  };
}

/** True when it has to be uploaded. Modes in letters (`u=r`) depend on what was there: they are taken for right. */
export function differs(spec: SecretSpec, sum: string, found: FoundSecret | undefined): boolean {
  if (found?.sum !== sum) return true;
  if (!found.user.includes(spec.owner.user) || !found.group.includes(spec.owner.group)) return true;
  const isOctal = /^[0-7]{1,5}$/.test(spec.permissions);
  return isOctal && Number.parseInt(spec.permissions, 8) !== Number.parseInt(found.mode, 8);
}
