/**
 * From a network file to built hosts: load the metadata, select, evaluate in parallel, and build each host from the
 * moment its own evaluation is done. One host's trouble stays its own. The result is one store path with a link
 * per host, printed on standard output the moment it is there.
 */

import path from 'node:path';
import type { BuildOutcome } from '../build/build-queue.ts';
import { createBuildQueue } from '../build/create-build-queue.ts';
import { readKeyFile } from '../cache/read-key-file.ts';
import { evaluateJobs } from '../evaluate/evaluate-jobs.ts';
import type { JobRequest } from '../evaluate/evaluation.ts';
import { loadNetwork } from '../network/load-network.ts';
import type { HostMetadata } from '../network/network.ts';
import { networkRoot, toplevelAttrPath } from '../network/network-root.ts';
import { type StorePath, storePathName } from '../nix/store-path.ts';
import { openStore } from '../store/open-store.ts';
import { queryClosure } from '../store/query-closure.ts';
import { signPaths } from '../store/sign-paths.ts';
import type { Store } from '../store/store.ts';
import { AppError } from '../util/app-error.ts';
import { addResult } from './add-result.ts';
import { chooseBuilders } from './choose-builders.ts';
import { type CliContext, printResult, say } from './context.ts';
import { keepResult } from './keep-result.ts';
import type { BuildFlags } from './network-options.ts';
import { selectFromNetwork } from './select-from-network.ts';
import { stateDirectory } from './state-directory.ts';

export interface BuiltHost {
  readonly host: HostMetadata;
  /** Undefined when it could not be evaluated or built; why was told as it happened. */
  readonly toplevel: StorePath | undefined;
}

export interface BuiltNetwork extends AsyncDisposable {
  /** In the order of deployment. */
  readonly hosts: readonly BuiltHost[];
  /** `network.ordering.tags`. */
  readonly orderingTags: readonly string[];
  /** Selected hosts whose metadata does not even evaluate. */
  readonly broken: readonly string[];
  /** The local store, held open: what was built is safe from the garbage collector until it is disposed. */
  readonly store: Store;
}

/** 0 when every host was built, 1 otherwise. */
export function exitCodeOf(built: BuiltNetwork): number {
  return built.broken.length === 0 && built.hosts.every(({ toplevel }) => toplevel !== undefined) ? 0 : 1;
}

/** Throws `network.…`, `store.…` and `usage.invalid` before anything is built; then hosts fail one by one. */
export async function buildNetwork(
  context: CliContext,
  file: string,
  flags: BuildFlags,
): Promise<BuiltNetwork> {
  const { signal, env, emit } = context;
  const network = await loadNetwork(file, { signal, showTrace: flags.showTrace, env });
  const { selected, broken } = selectFromNetwork(context, network, flags);
  if (selected.length === 0) throw new AppError('network.no-hosts', 'No hosts selected');

  await using stack = new AsyncDisposableStack();
  const nixConfig = selected[0]?.nixConfig ?? {};
  const store = stack.use(await openStore({ type: 'local' }, { signal, settings: nixConfig }));
  const queue = stack.use(
    createBuildQueue({
      store,
      builders: await chooseBuilders(context, flags.builders, nixConfig),
      emit,
      logDirectory: flags.buildLogs ?? path.join(stateDirectory(env), 'logs'),
      signal,
    }),
  );
  const jobs: readonly JobRequest[] = selected.map(({ name }) => ({
    name,
    attrPath: toplevelAttrPath(name),
  }));
  const builds = new Map<string, Promise<BuildOutcome>>();
  for await (const job of evaluateJobs(
    { source: file, root: networkRoot(path.resolve(context.cwd, file), env), jobs, freshRoot: true },
    {
      ...(flags.workers === undefined ? {} : { workers: flags.workers }),
      nixOptions: nixConfig,
      showTrace: flags.showTrace,
    },
    { emit, signal, env },
  )) {
    if (!job.ok) continue;
    const build = queue.build(job.drvPath);
    // It may reject while we still wait for evaluations; whoever awaits it below is told.
    build.catch(() => {});
    builds.set(job.name, build);
  }
  const hosts: BuiltHost[] = [];
  for (const host of selected) {
    const outcome = await builds.get(host.name);
    if (outcome?.ok === false) {
      const culprit = storePathName(outcome.drvPath).replace(/\.drv$/, '');
      emit({
        type: 'message',
        level: 'error',
        text: `${host.name}: not built: ${culprit}: ${outcome.message}`,
      });
    }
    hosts.push({ host, toplevel: outcome?.ok ? outcome.outputs.get('out') : undefined });
  }
  const done = hosts.flatMap(({ host, toplevel }) =>
    toplevel === undefined ? [] : [[host.name, toplevel] as const],
  );
  if (flags.signKey !== undefined) {
    const key = await readKeyFile(flags.signKey, (text) => emit({ type: 'message', level: 'warning', text }));
    const toplevels = done.map(([, toplevel]) => toplevel);
    await signPaths(store, await queryClosure(store, toplevels, { signal }), [key], { signal });
  }
  if (done.length > 0) await publishResult(context, store, file, new Map(done), flags);
  const failed = hosts.filter(({ toplevel }) => toplevel === undefined).map(({ host }) => host.name);
  if (failed.length > 0) say(context, `not built: ${failed.join(', ')}`);
  const owned = stack.move();
  return {
    hosts,
    orderingTags: network.orderingTags,
    broken,
    store,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function publishResult(
  context: CliContext,
  store: Store,
  file: string,
  hosts: ReadonlyMap<string, StorePath>,
  flags: BuildFlags,
): Promise<void> {
  const result = await addResult(store, hosts, context.signal);
  if (flags.keepResult) await keepResult(context, store, file, result);
  context.stderr.write('nix result path: \n');
  printResult(context, result, { path: result, hosts: Object.fromEntries(hosts) });
}
