/** Secrets with absolute sources: what is planned is done wherever and whenever, and must not depend on where that is. */

import path from 'node:path';
import type { SecretSpec } from '../network/network.ts';

type Secrets = Readonly<Record<string, SecretSpec>>;

/** Relative sources are in `base`, the folder of the network file. */
export function absoluteSecrets(secrets: Secrets, base: string): Secrets {
  const absolute = (file: string): string => path.resolve(base, file);
  const entries = Object.entries(secrets).map(([name, secret]): [string, SecretSpec] => {
    const { source, age } = secret;
    // Without a file the content comes from elsewhere.
    const named = { ...secret, source: source === '' ? '' : absolute(source) };
    if (age === undefined) return [name, named];
    const identity = age.identity === undefined ? {} : { identity: absolute(age.identity) };
    return [name, { ...named, age: { file: absolute(age.file), ...identity } }];
  });
  return Object.fromEntries(entries);
}
