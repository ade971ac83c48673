/** Opening a store: the one way to get a `Store`. */

import { storeDir } from '../nix/store-path.ts';
import { connectStdio } from './connect-stdio.ts';
import { Connection } from './connection.ts';
import { localUri, openTransport, packedCommand, throughSsh } from './open-transport.ts';
import { RemoteStore } from './remote-store.ts';
import { createSharedLogin, type SharedLogin } from './shared-login.ts';
import type { Store } from './store.ts';
import { type StoreSpec, storeName } from './store-spec.ts';

export type { StoreSpec } from './store-spec.ts';

export interface OpenStoreOptions {
  /** Ends the opening; calls have signals of their own. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How many connections there are at most for each of three kinds of work: questions, builds and imports, and
   * reading NARs. Default: 4, and 2 over ssh.
   */
  readonly maxConnections?: number | undefined;
  /** Nix settings for every call, by name. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** Over ssh: one login for all connections, rather than one each. */
  readonly shareLogin?: boolean | undefined;
  /** Over ssh: this login, which stays when the store is closed. */
  readonly login?: SharedLogin | undefined;
  /** Environment of what is started (ssh, nix-daemon). Default: ours. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/**
 * Connects to the store and greets it. Throws `store.unreachable`, `store.protocol`, `store.refused`,
 * `process.missing` or `interrupted`.
 */
export async function openStore(spec: StoreSpec, options: OpenStoreOptions = {}): Promise<Store> {
  const name = storeName(spec);
  const { env, settings } = options;
  const own = spec.type === 'ssh' && options.shareLogin ? createSharedLogin(spec, env) : undefined;
  const login = options.login ?? own;
  return RemoteStore.open({
    name,
    maxConnections: options.maxConnections ?? (spec.type === 'ssh' ? 2 : 4),
    signal: options.signal,
    filesAt: spec.type === 'local' && localUri(env) === 'local' ? storeDir : undefined,
    login: own,
    connectPacked:
      spec.type === 'ssh'
        ? async (signal) =>
            login?.connect(signal, true) ??
            connectStdio(throughSsh(spec, packedCommand(spec)), { signal, env })
        : undefined,
    connect: async (signal, asConfigured) => {
      const transport = await (login?.connect(signal) ?? openTransport(spec, { signal, env }));
      return Connection.open(transport, { name, settings, signal, asConfigured });
    },
  });
}
