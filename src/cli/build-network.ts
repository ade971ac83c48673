/**
 * From a network file to built hosts: load the metadata, select, evaluate in parallel, and build each host from the
 * moment its own evaluation is done. One host's trouble stays its own. The result is one store path with a link
 * per host, printed on standard output the moment it is there.
 *
 * Hosts that build their systems themselves are only evaluated here; they are not part of that result.
 */

import path from 'node:path';
import type { BuildOutcome } from '../build/build-queue.ts';
import { createBuildQueue } from '../build/create-build-queue.ts';
import { readKeyFile } from '../cache/read-key-file.ts';
import { evaluateJobs } from '../evaluate/evaluate-jobs.ts';
import type { EvaluatedJob, JobRequest } from '../evaluate/evaluation.ts';
import { loadNetwork } from '../network/load-network.ts';
import type { HostMetadata } from '../network/network.ts';
import { networkOpening, networkRoot, toplevelAttrPath } from '../network/network-root.ts';
import { type StorePath, storePathName } from '../nix/store-path.ts';
import { openStore } from '../store/open-store.ts';
import { queryClosure } from '../store/query-closure.ts';
import { signPaths } from '../store/sign-paths.ts';
import type { Store } from '../store/store.ts';
import { AppError } from '../util/app-error.ts';
import { addDerivations } from './add-derivations.ts';
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
  /** Of a host that builds it itself: then `toplevel` is not in the store, this is. */
  readonly drvPath?: StorePath | undefined;
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

/**
 * Throws `network.…`, `store.…` and `usage.invalid` before anything is built; then hosts fail one by one.
 * `isBuiltThere`: which hosts build their systems themselves; default: none.
 */
export async function buildNetwork(
  context: CliContext,
  file: string,
  flags: BuildFlags,
  isBuiltThere: (host: HostMetadata) => boolean = () => false,
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
  const there = new Set(selected.filter(isBuiltThere).map(({ name }) => name));
  const derivations = new Map<string, EvaluatedJob>();
  const lease = there.size === 0 ? undefined : stack.use(await store.leaseTempRoots([], { signal }));
  const builds = new Map<string, Promise<BuildOutcome>>();
  for await (const job of evaluateJobs(
    {
      source: file,
      root: networkRoot(path.resolve(context.cwd, file), env),
      jobs,
      freshRoot: true,
      opening: networkOpening,
    },
    {
      ...(flags.workers === undefined ? {} : { workers: flags.workers }),
      nixOptions: nixConfig,
      showTrace: flags.showTrace,
    },
    { emit, signal, env },
  )) {
    if (!job.ok) continue;
    if (there.has(job.name)) {
      await lease?.add([job.drvPath]);
      derivations.set(job.name, job);
      continue;
    }
    const build = queue.build(job.drvPath);
    // It may reject while we still wait for evaluations; whoever awaits it below is told.
    build.catch(() => {});
    builds.set(job.name, build);
  }
  const hosts: BuiltHost[] = [];
  for (const host of selected) {
    if (there.has(host.name)) {
      hosts.push({ host, ...builtThere(context, derivations.get(host.name)) });
      continue;
    }
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
  const done = hosts.flatMap(({ host, toplevel, drvPath }) =>
    toplevel === undefined || drvPath !== undefined ? [] : [[host.name, toplevel] as const],
  );
  if (flags.signKey !== undefined) {
    const key = await readKeyFile(flags.signKey, (text) => emit({ type: 'message', level: 'warning', text }));
    const toplevels = done.map(([, toplevel]) => toplevel);
    await signPaths(store, await queryClosure(store, toplevels, { signal }), [key], { signal });
  }
  if (done.length > 0) await publishResult(context, store, file, new Map(done), flags);
  const drvPaths = new Map(
    hosts.flatMap(({ host, drvPath }) => (drvPath === undefined ? [] : [[host.name, drvPath] as const])),
  );
  if (drvPaths.size > 0) {
    say(context, `not built here, but on the hosts themselves: ${[...drvPaths.keys()].join(', ')}`);
    if (flags.keepResult)
      await keepResult(context, store, `${file}.drv`, await addDerivations(store, drvPaths, signal));
  }
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

/** What comes of a derivation is known before it is built, unless it is named after its content. */
function builtThere(
  context: CliContext,
  job: EvaluatedJob | undefined,
): Pick<BuiltHost, 'toplevel' | 'drvPath'> {
  const toplevel = job?.outputs.get('out');
  if (job === undefined || toplevel !== undefined) return { toplevel, drvPath: job?.drvPath };
  context.emit({
    type: 'message',
    level: 'error',
    text: `${job.name}: the host cannot build its system itself, whose store path depends on its content`,
  });
  return { toplevel: undefined };
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
