/**
 * Why does Nix here not take what a cache has? Asks it as Nix would, with the login that Nix has for it. Looks at the cache, at the settings that decide, at the keys, at single
 * paths, and at what Nix remembers, in that order. Nothing is changed.
 */

import { isStorePath, parseStorePath, type StorePath } from '../../nix/store-path.ts';
import { errorMessage } from '../../util/error-message.ts';
import { askTrust } from '../trust/ask-trust.ts';
import { type CacheAnswer, getFromCache, systemCertificates } from '../trust/get-from-cache.ts';
import { checkCacheInfo } from './cache/check-cache-info.ts';
import { checkCachedPath } from './cache/check-cached-path.ts';
import { checkClientCache } from './cache/check-client-cache.ts';
import { checkSubstituters, sameCache } from './cache/check-substituters.ts';
import { checkCacheKeys, readTrustedKeys } from './cache/check-trusted-keys.ts';
import { findLogin } from './cache/find-login.ts';
import { findSettings, type SettingsInForce } from './cache/find-settings.ts';
import { type Check, ok, problem, warning } from './check.ts';

export interface CheckCacheOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** `url`: without a slash at its end; `paths`: that the cache should have. */
export async function checkCache(
  url: string,
  paths: readonly StorePath[],
  options: CheckCacheOptions,
): Promise<readonly Check[]> {
  const { env, signal, now } = options;
  let settings: SettingsInForce;
  try {
    settings = await findSettings(env, signal);
  } catch (error) {
    signal.throwIfAborted();
    return [problem('settings', errorMessage(error), 'install Nix, or put it on PATH')];
  }
  const certificates = env.NIX_SSL_CERT_FILE || settings.effective['ssl-cert-file'] || systemCertificates;
  const login = await findLogin(url, settings);
  const { authorization } = login;
  const ask = (address: string): Promise<CacheAnswer> =>
    getFromCache(address, { signal, certificates, authorization });
  const { checks: found, usable } = await checkCacheInfo(url, ask, now, login);
  const reach = [...found, ...login.checks];
  const own = [...checkSettings(settings), ...checkSubstituters(url, settings)];
  const trusted = readTrustedKeys(settings.effective);
  if (!usable) return [...reach, ...own, ...trusted.checks];

  const said = await askTrust(url, ask);
  const addHint = `add to /etc/nix/nix.conf${settings.daemon === undefined ? '' : ' (then restart nix-daemon)'}: extra-trusted-public-keys =`;
  const keys =
    said === undefined
      ? [ok('keys', 'the cache does not say which keys it has; what its paths are signed by is seen below')]
      : checkCacheKeys(said.publicKeys, trusted, addHint);
  const sample = said?.path !== undefined && isStorePath(said.path) ? [parseStorePath(said.path)] : [];
  const wanted = paths.length > 0 ? paths : sample;
  const looked = await Promise.all(
    wanted.map(async (path) => ({ path, ...(await checkCachedPath(url, path, trusted, ask, addHint)) })),
  );
  const single =
    looked.length > 0
      ? looked.map(({ check }) => check)
      : [
          warning(
            'paths',
            'none was looked at',
            `name one that the cache has: proteus doctor --cache ${url} PATH`,
          ),
        ];
  return [
    ...reach,
    ...own,
    ...trusted.checks,
    ...keys,
    ...single,
    ...checkClientCache(settings.cacheFolder, url, looked, settings.effective, now() / 1000),
    ...noteTrustedUrl(url, settings),
  ];
}

function checkSettings({ how, daemon }: SettingsInForce): readonly Check[] {
  const first = ok('settings', how);
  if (daemon?.changedSince === undefined) return [first];
  return [
    first,
    warning(
      'nix-daemon',
      `began before ${daemon.changedSince} was last changed, and still has the settings of before`,
      'restart it: systemctl restart nix-daemon',
    ),
  ];
}

/** `?trusted=1` in a substituter makes signatures meaningless there. */
function noteTrustedUrl(url: string, { effective }: SettingsInForce): readonly Check[] {
  const entry = effective.substituters.find(
    (text) => sameCache(text, url) && /[?&]trusted=(?:1|true)/.test(text),
  );
  if (entry === undefined) return [];
  return [
    warning(
      'substituters',
      `have ${entry}: whatever it sends is taken, signed or not`,
      'remove trusted=1 once the keys are right',
    ),
  ];
}
