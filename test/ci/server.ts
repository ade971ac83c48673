/** A continuous loop over the lab's own store, with everything it tells; also run as a process of its own (serve.child.ts). */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { declaredJobset } from '../../src/api/body/declared-jobset.ts';
import type { Builder } from '../../src/build/builder.ts';
import { localBuilder } from '../../src/build/local-builder.ts';
import type { Ci } from '../../src/ci/ci.ts';
import type { CiOptions } from '../../src/ci/ci-options.ts';
import { startCi } from '../../src/ci/start-ci.ts';
import type { Database } from '../../src/db/database.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import type { ServerEvent } from '../../src/events/event.ts';
import { inputPlugins } from '../../src/inputs/input-plugins.ts';
import { generateSecretKey } from '../../src/nix/signing-key.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { openStoreDatabase } from '../../src/store/store-database.ts';

export interface ServerOptions {
  readonly directory: string;
  readonly databaseUrl: string;
  readonly settings?: CiOptions['settings'];
  /** Of the local builder; default 2. */
  readonly slots?: number;
  /** Lines of nix.conf for the local daemons. */
  readonly nixConfig?: string;
  readonly remote?: readonly Builder[];
  readonly now?: () => number;
}

export interface Server extends AsyncDisposable {
  readonly ci: Ci;
  readonly database: Database;
  readonly store: Store;
}

/** The same in every process. */
const secretKey = generateSecretKey('test-1', new Uint8Array(32).fill(7));

/** Builds wait at gates in here: see `jobs.ts`. */
export const gatesOf = (directory: string): string => join(directory, 'gates');

export async function startServer(
  options: ServerOptions,
  onEvent: (event: ServerEvent) => void,
): Promise<Server> {
  const { directory } = options;
  await mkdir(gatesOf(directory), { recursive: true });
  const env = { ...process.env, NIX_CONFIG: options.nixConfig };
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await openDatabase(options.databaseUrl, { now: Date.now }));
  const store = stack.use(await openStore({ type: 'local' }, { env }));
  const storeDatabase = stack.use(await openStoreDatabase(undefined, { keepOpenBy: store }));
  const settings = { 'extra-sandbox-paths': `/gates=${gatesOf(directory)}` };
  const local: Builder = { ...(await localBuilder({ settings, env })), slots: options.slots ?? 2 };
  const ci = stack.use(
    await startCi({
      database,
      store,
      storeDatabase,
      builders: [local, ...(options.remote ?? [])],
      dataDirectory: directory,
      keys: [secretKey],
      parseDeclared: (name, spec) => declaredJobset(name, spec, inputPlugins),
      assertServable: async (paths) => {
        const infos = await store.queryPathInfos(paths);
        for (const path of paths) {
          const signed = infos.get(path)?.signatures.some((signature) => signature.startsWith('test-1:'));
          if (signed !== true) throw new Error(`${path} is not signed by us`);
        }
      },
      ...(options.settings === undefined ? {} : { settings: options.settings }),
      ...(options.now === undefined ? {} : { now: options.now }),
      onEvent,
      env,
    }),
  );
  const owned = stack.move();
  return { ci, database, store, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
