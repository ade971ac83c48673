/**
 * Whose keys, and under which address. With an address: what the cache there says itself. Without: the server whose
 * configuration or data is on this machine, or the keys of files that are given.
 */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { describeTrust, type TrustDescription, type TrustSource } from '../../cache/describe-trust.ts';
import { findProofPath } from '../../cache/extras/find-proof-path.ts';
import { readKeyFile } from '../../cache/read-key-file.ts';
import { printPublicKey } from '../../nix/public-key.ts';
import { openStoreDatabase } from '../../store/store-database.ts';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import type { CliContext } from '../context.ts';
import { findLocalServer } from '../server/server-file.ts';
import { type DataFlags, serverSettings } from '../server/server-settings.ts';
import { askTrust } from './ask-trust.ts';
import { cacheUrl } from './cache-url.ts';
import { type CacheAnswer, getFromCache, systemCertificates } from './get-from-cache.ts';

export interface TrustFlags extends DataFlags {
  readonly url?: string;
  readonly key?: readonly string[];
}

/** Throws `usage.invalid`, `cache.unreachable`, `cache.key-invalid` and `config.invalid`. */
export async function findTrust(
  context: Pick<CliContext, 'cwd' | 'env' | 'signal' | 'emit'>,
  flags: TrustFlags,
): Promise<TrustDescription> {
  const url = flags.url === undefined ? undefined : cacheUrl(flags.url);
  if (url !== undefined && flags.key === undefined) {
    const said = await askTrust(url, (address) => ask(address, context));
    if (said !== undefined) return describeTrust({ ...said, url });
  }
  const local = await findLocal(context, flags, url);
  if (local !== undefined) return describeTrust(local);
  throw new AppError(
    'usage.invalid',
    url === undefined
      ? 'there is no server on this machine whose keys could be told'
      : `${url} does not say which keys it signs with, and there is no server on this machine either`,
    { hint: 'Give the address of a cache with --url, or its keys with --key FILE.' },
  );
}

async function ask(url: string, { env, signal }: Pick<CliContext, 'env' | 'signal'>): Promise<CacheAnswer> {
  try {
    return await getFromCache(url, { signal, certificates: env.NIX_SSL_CERT_FILE || systemCertificates });
  } catch (cause) {
    signal.throwIfAborted();
    throw new AppError('cache.unreachable', `cannot ask ${url}: ${errorMessage(cause)}`, { cause });
  }
}

async function findLocal(
  context: Pick<CliContext, 'cwd' | 'env' | 'emit'>,
  flags: TrustFlags,
  url: string | undefined,
): Promise<TrustSource | undefined> {
  const { config, directory } = await serverSettings(context, flags);
  const given = flags.key?.map((file) => path.resolve(context.cwd, file));
  const own =
    config.keys.length > 0 ? config.keys : [directory.signingKey].filter((file) => existsSync(file));
  const files = given ?? own;
  if (files.length === 0) return undefined;
  const warn = (text: string): void => context.emit({ type: 'message', level: 'warning', text });
  const keys = await Promise.all(files.map((file) => readKeyFile(file, warn)));
  const running = await findLocalServer(directory.root);
  const { host, port } = config.listen;
  const known = url ?? config['base-url'] ?? running?.baseUrl ?? `http://${host}:${port}`;
  return {
    url: known.replace(/\/+$/, ''),
    publicKeys: keys.map(({ publicKey }) => printPublicKey(publicKey)),
    path: await proofPath(new Set(keys.map(({ name }) => name))),
  };
}

/** Of the local store, which the server serves; none where there is no store. */
async function proofPath(ownNames: ReadonlySet<string>): Promise<string | undefined> {
  try {
    using database = await openStoreDatabase();
    return findProofPath(database, ownNames);
  } catch {
    return undefined;
  }
}
