/**
 * The keys that Nix trusts: are they keys, are their names different (Nix looks a key up by its name, and takes the first
 * of that name), and are those of the cache among them? Pure.
 */

import { type PublicKey, parsePublicKey, printPublicKey } from '../../../nix/public-key.ts';
import { printable } from '../../../util/printable.ts';
import { type Check, ok, problem, warning } from '../check.ts';
import type { NixSettings } from './nix-settings.ts';

export interface TrustedKeys {
  /** By name; those that count. */
  readonly byName: ReadonlyMap<string, PublicKey>;
  readonly checks: readonly Check[];
}

const name = 'trusted keys';

export function readTrustedKeys(
  settings: Pick<NixSettings, 'trusted-public-keys' | 'require-sigs'>,
): TrustedKeys {
  const byName = new Map<string, PublicKey>();
  const checks: Check[] = [];
  for (const text of settings['trusted-public-keys']) {
    let key: PublicKey;
    try {
      key = parsePublicKey(text);
    } catch {
      checks.push(
        problem(
          name,
          `${JSON.stringify(printable(text.slice(0, 100)))} in trusted-public-keys is no key; Nix refuses everything over it`,
          'mend the line in nix.conf: a key is NAME:BASE64, and keys stand apart by spaces',
        ),
      );
      continue;
    }
    const other = byName.get(key.name);
    if (other === undefined) byName.set(key.name, key);
    else if (printPublicKey(other) !== printPublicKey(key)) {
      checks.push(
        problem(
          name,
          `two different keys are named ${key.name}: Nix looks keys up by name and uses only ${printPublicKey(other)}`,
          `remove the one that is not the cache's from trusted-public-keys`,
        ),
      );
    }
  }
  if (!settings['require-sigs']) {
    checks.push(
      warning(
        'require-sigs',
        'is off: Nix takes whatever any cache sends, signed or not, and signatures are not what fails',
        'remove require-sigs = false from nix.conf once the keys are right',
      ),
    );
  }
  return { byName, checks };
}

/** `said`: the keys of the cache, as it says itself. */
export function checkCacheKeys(
  said: readonly string[],
  trusted: TrustedKeys,
  addHint: string,
): readonly Check[] {
  const keys = said.map(parsePublicKey);
  const isTrusted = (key: PublicKey): boolean => {
    const own = trusted.byName.get(key.name);
    return own !== undefined && printPublicKey(own) === printPublicKey(key);
  };
  const anyTrusted = keys.some(isTrusted);
  return keys.map((key): Check => {
    const text = printPublicKey(key);
    if (isTrusted(key)) return ok(`key ${key.name}`, 'is trusted');
    const own = trusted.byName.get(key.name);
    if (own !== undefined) {
      return problem(
        `key ${key.name}`,
        `is trusted with another value: nix.conf has ${printPublicKey(own)}, the cache has ${text}; Nix says "not signed by any of the keys"`,
        `put ${text} in its place, if you trust the way by which this was asked; else ask whoever runs the cache`,
      );
    }
    // With several keys, while one replaces another, one of them is enough.
    return anyTrusted
      ? warning(
          `key ${key.name}`,
          'is not trusted; another key of the cache is, which is enough for now',
          `${addHint} ${text}`,
        )
      : problem(`key ${key.name}`, 'is not trusted: Nix ignores what it signs', `${addHint} ${text}`);
  });
}
