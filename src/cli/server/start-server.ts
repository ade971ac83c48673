/**
 * A whole server out of its parts: database, store, cache, the continuous loop and the API behind one port.
 *
 * What the order is for: the locks come before anything is touched; the port before the loop, so that a port that is
 * taken is told at once and the cache answers while many builds are still being read; and everything ends the other way
 * round: no new requests, then no new work, then the database, then the lock. Builds that run are given up and stay
 * queued; the next start goes on with them.
 */

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { declaredJobset } from '../../api/body/declared-jobset.ts';
import { createApi } from '../../api/create-api.ts';
import { createApiListener } from '../../api/create-api-listener.ts';
import type { Builder } from '../../build/builder.ts';
import { localBuilder } from '../../build/local-builder.ts';
import { checkKeys } from '../../cache/check-keys.ts';
import { createAccess } from '../../ci/access/create-access.ts';
import type { Ci } from '../../ci/ci.ts';
import { startCi } from '../../ci/start-ci.ts';
import type { ServerConfig } from '../../config/config-schema.ts';
import { claimDatabase } from '../../db/claim-database.ts';
import type { ServerEvent } from '../../events/event.ts';
import { inputPlugins } from '../../inputs/input-plugins.ts';
import type { Logger } from '../../log/create-logger.ts';
import type { SecretKey } from '../../nix/signing-key.ts';
import { storeDir } from '../../nix/store-path.ts';
import { openStore } from '../../store/open-store.ts';
import { openStoreDatabase } from '../../store/store-database.ts';
import type { AppError } from '../../util/app-error.ts';
import { version } from '../../util/version.ts';
import { askCache } from './ask-cache.ts';
import { makeDataDirectory } from './data-directory.ts';
import { followBuilders, readBuilders } from './follow-builders.ts';
import { listenHttp } from './listen-http.ts';
import { lockDataDirectory } from './lock-data-directory.ts';
import { logRequest } from './log-request.ts';
import { openRolloutSteps } from './open-rollout-steps.ts';
import { openServerCache } from './open-server-cache.ts';
import { openSigningKeys } from './open-signing-keys.ts';
import { readSecrets } from './read-secrets.ts';
import { removeServerFile, writeServerFile } from './server-file.ts';
import { openServerDatabase, type ServerSettings } from './server-settings.ts';

export interface ServerDeps {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends the starting; a server that has started ends when it is disposed of. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly onEvent: (event: ServerEvent) => void;
}

export interface RunningServer extends AsyncDisposable {
  /** Where it listens. */
  readonly url: string;
  /** How clients reach it. */
  readonly baseUrl: string;
  readonly ci: Ci;
  readonly keys: readonly SecretKey[];
  /** The file of a signing key that was made just now. */
  readonly madeKey: string | undefined;
  /** Resolves when it must end, because another server has its database now. */
  readonly lost: Promise<AppError>;
}

/** Throws `server.…`, `db.…`, `store.…`, `cache.…` and what a wrong machines file throws. */
export async function startServer(settings: ServerSettings, deps: ServerDeps): Promise<RunningServer> {
  const { config } = settings;
  const { env, signal, log, onEvent } = deps;
  const closing = new AbortController();
  const warn = (text: string): void => log.warn(text);
  await using stack = new AsyncDisposableStack();

  const directory = await makeDataDirectory(settings.directory.root);
  stack.use(lockDataDirectory(directory.root));
  await removeServerFile(directory.root);
  const { keys, made } = await openSigningKeys({
    files: config.keys,
    directory,
    hostName: hostname(),
    warn,
  });
  checkKeys(keys);
  const known = new Map<string, Builder>();
  const remote = readBuilders(config.builders, env, known);
  const local = config.builders.local
    ? [await localBuilder({ env, signal, hasOtherBuilders: remote.length > 0 })]
    : [];
  const webhookSecrets = {
    github: await readSecrets(config.webhooks.github),
    gitea: await readSecrets(config.webhooks.gitea),
  };
  const lost = Promise.withResolvers<AppError>();
  stack.use(
    await claimDatabase(settings.databaseUrl, {
      owner: `the server on ${hostname()} with ${directory.root}`,
      id: randomUUID().slice(0, 8),
      onLost: lost.resolve,
    }),
  );
  const database = stack.use(await openServerDatabase(settings));
  const store = stack.use(await openStore({ type: 'local' }, { signal, env }));
  const storeDatabase = stack.use(await openStoreDatabase(undefined, { keepOpenBy: store }));
  const outside = config['base-url']?.replace(/\/+$/, '');
  const fault = (text: string, error: unknown): void => log.error({ err: error }, text);
  const access = createAccess({ users: database.users, now: Date.now });
  const cache = stack.use(
    await openServerCache({
      config,
      directory,
      database,
      store,
      storeDatabase,
      keys,
      access,
      baseUrl: outside,
      env,
      log,
      onFault: fault,
    }),
  );
  let ci: Ci | undefined;
  stack.defer(async () => ci?.[Symbol.asyncDispose]());
  const listener = stack.use(await listenHttp(config.listen, { frontDoor: config['front-door'] }));
  stack.defer(() => closing.abort());
  listener.answerWith((req, res) => {
    if (!cache.tryServe(req, res)) res.writeHead(503, { 'retry-after': '1' }).end('starting\n');
  }, cache.hot);
  ci = await startCi({
    database,
    store,
    storeDatabase,
    builders: [...local, ...remote],
    dataDirectory: directory.root,
    keys,
    parseDeclared: (name, spec) => declaredJobset(name, spec, inputPlugins),
    assertServable: (paths) => askCache(listener.url, cache.ownToken, paths, closing.signal),
    rollouts: {
      openSteps: (plan, emit) => openRolloutSteps(plan, { config: config.rollouts, store, emit }),
      restore: (paths, ending) => cache.restore(paths, ending),
      secretsFolder: config.rollouts.secrets,
      defaultUser: config.rollouts.user,
    },
    settings: ciSettings(config),
    onEvent: (event) => {
      onEvent(event);
      if (event.type === 'ci.build.finished') cache.buildFinished(event.build);
    },
    env,
    signal: closing.signal,
  });
  const baseUrl = outside ?? listener.outsideUrl;
  const app = createApi({
    ci,
    access,
    settings: { baseUrl: outside, private: config.private, webhookSecrets, version },
    inputTypes: inputPlugins,
    cacheRetention: cache.retention,
    keptLog: (name) => cache.log(name),
    storeFilesAt: storeDir,
    nixLogDirectory: '/nix/var/log/nix/drvs',
    now: Date.now,
    onFault: fault,
  });
  const api = createApiListener(app);
  listener.answerWith((req, res) => {
    if (cache.tryServe(req, res)) return;
    logRequest(req, res, log, Date.now);
    api(req, res);
  }, cache.hot);
  const { builders } = ci;
  stack.use(
    followBuilders({
      settings: config.builders,
      env,
      known,
      onChange: (machines) => {
        log.info(`${machines.length} builders besides this machine`);
        builders.replace([...local, ...machines]);
      },
      onFault: warn,
    }),
  );
  await writeServerFile(directory.root, { url: listener.url, baseUrl, pid: process.pid });
  stack.defer(() => removeServerFile(directory.root));
  const owned = stack.move();
  return {
    url: listener.url,
    baseUrl,
    ci,
    keys,
    madeKey: made,
    lost: lost.promise,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function ciSettings({ evaluation, limits, retention }: ServerConfig) {
  return {
    evaluationsAtOnce: evaluation.concurrent,
    evaluationTimeoutMs: evaluation.timeout * 1000,
    evaluationWorkers: evaluation.workers,
    evaluationMemory: evaluation.memory,
    allowedUris: evaluation['allowed-uris'],
    timeoutSeconds: limits.timeout,
    maxSilentSeconds: limits.silence,
    maxLogBytes: limits.log,
    maxOutputBytes: limits.output,
    failuresKeptMs: retention.failures * 1000,
    retentionIntervalMs: retention.every * 1000,
  };
}
