/**
 * What has to be built so that all outputs of a derivation are valid. Walks down from it, one level at a time:
 * outputs that are valid end the walk there, as do steps that are being built already; outputs that substituters
 * have are fetched and end it too; every other derivation is a step, and the outputs it wants of its inputs are the
 * next level. So dependencies of what is there, or can be fetched, are not even looked at.
 *
 * Paths are made temporary roots before they are asked for: what is found valid stays valid. Where the store's database
 * can be read, the walk goes by that, without a question to the daemon for each level; then all that was found valid is
 * made a root and asked for at the end, and should some of it be gone by then, the walk is made again the long way.
 */

import type { StorePath } from '../nix/store-path.ts';
import type { Store, TempRootLease } from '../store/store.ts';
import type { StoreDatabase } from '../store/store-database.ts';
import type { BuildStep } from './build-step.ts';
import type { DerivationReader } from './derivation-reader.ts';
import { knownOutputs } from './known-outputs.ts';

type PlannedStore = Pick<Store, 'queryValidPaths' | 'queryMissing' | 'queryDerivationOutputMap'>;

export interface PlanOptions {
  readonly store: PlannedStore;
  readonly lease: Pick<TempRootLease, 'add'>;
  readonly reader: Pick<DerivationReader, 'steps'>;
  /** The store's database, where it can be read. */
  readonly database?: Pick<StoreDatabase, 'validPaths'> | undefined;
  /** Ask the store's substituters for what is not valid. */
  readonly substitute: boolean;
  /** Steps that somebody builds, or waits to build, already. */
  readonly isUnderWay: (drvPath: StorePath) => boolean;
  /** Told once how many paths will be fetched, before they are. */
  readonly onSubstitute: (paths: number) => void;
  readonly signal: AbortSignal;
}

export interface BuildPlan {
  /** Outputs by `x.drv!name` that were looked for and are valid. */
  readonly valid: ReadonlyMap<string, StorePath>;
  /** Steps to add, each before what it needs. With none, and nothing under way, all outputs are valid. */
  readonly steps: ReadonlyMap<StorePath, BuildStep>;
  /** Steps these need that were under way when the plan was made. */
  readonly underWay: ReadonlySet<StorePath>;
}

export async function planBuild(root: StorePath, options: PlanOptions): Promise<BuildPlan> {
  const { store, lease, database, signal } = options;
  if (database === undefined) return walk(root, options);
  const looked: StorePath[] = [];
  const plan = await walk(root, options, async (paths) => {
    looked.push(...paths);
    return database.validPaths(paths);
  });
  await lease.add([root, ...looked]);
  const found = [...plan.valid.values()];
  const valid = await store.queryValidPaths(found, { signal });
  return found.every((path) => valid.has(path)) ? plan : walk(root, options);
}

/** `lookUp` says which paths are valid now; without it they stay valid. */
async function walk(
  root: StorePath,
  options: PlanOptions,
  lookUp?: (paths: readonly StorePath[]) => Promise<ReadonlySet<StorePath>>,
): Promise<BuildPlan> {
  const { store, lease, reader, signal } = options;
  const keepAndAsk = async (paths: readonly StorePath[]): Promise<ReadonlySet<StorePath>> => {
    await lease.add(paths);
    return store.queryValidPaths(paths, { signal });
  };
  if (lookUp === undefined) await lease.add([root]);
  const steps = new Map<StorePath, BuildStep>();
  const underWay = new Set<StorePath>();
  const checked = new Set<string>();
  const found = new Map<string, StorePath>();
  let substitutable: ReadonlySet<StorePath> | undefined;
  let level = new Map<StorePath, ReadonlySet<string> | '*'>([[root, '*']]);

  while (level.size > 0) {
    signal.throwIfAborted();
    const wanted = await wantedOutputs(level, reader, store, signal);
    const paths = wanted.flatMap(({ path }) => path ?? []);
    const valid = new Set(await (lookUp ?? keepAndAsk)(paths));
    const missing = paths.filter((path) => !valid.has(path));
    if (options.substitute && missing.length > 0) {
      substitutable ??= await findSubstitutable(root, options);
      const fetchable = missing.filter((path) => substitutable?.has(path));
      if (fetchable.length > 0) await lease.add(fetchable);
      for (const path of await fetch(fetchable, store, signal)) valid.add(path);
    }
    const next = new Map<StorePath, Set<string>>();
    for (const { step, name, path } of wanted) {
      const isValid = path !== undefined && valid.has(path);
      if (isValid) found.set(`${step.drvPath}!${name}`, path);
      if (isValid || steps.has(step.drvPath)) continue;
      steps.set(step.drvPath, step);
      for (const [input, outputs] of step.inputs) {
        const fresh = outputs.filter((output) => !checked.has(`${input}!${output}`));
        for (const output of fresh) checked.add(`${input}!${output}`);
        if (fresh.length === 0 || steps.has(input)) continue;
        if (options.isUnderWay(input)) underWay.add(input);
        else next.set(input, (next.get(input) ?? new Set()).union(new Set(fresh)));
      }
    }
    level = next;
  }
  return { valid: found, steps, underWay };
}

interface WantedOutput {
  readonly step: BuildStep;
  readonly name: string;
  /** Undefined when only building tells it. */
  readonly path: StorePath | undefined;
}

async function wantedOutputs(
  level: ReadonlyMap<StorePath, ReadonlySet<string> | '*'>,
  reader: PlanOptions['reader'],
  store: PlannedStore,
  signal: AbortSignal,
): Promise<readonly WantedOutput[]> {
  const wanted: WantedOutput[] = [];
  for (const step of await reader.steps(level.keys())) {
    const names = level.get(step.drvPath) ?? '*';
    const known = await knownOutputs(step, store, signal);
    for (const name of step.outputs.keys()) {
      if (names === '*' || names.has(name)) wanted.push({ step, name, path: known.get(name) });
    }
  }
  return wanted;
}

/** What substituters would supply for the root. */
async function findSubstitutable(root: StorePath, options: PlanOptions): Promise<ReadonlySet<StorePath>> {
  const missing = await options.store.queryMissing([{ drvPath: root, outputs: '*' }], {
    signal: options.signal,
  });
  if (missing.willSubstitute.length > 0) options.onSubstitute(missing.willSubstitute.length);
  return new Set(missing.willSubstitute);
}

/** Lets the store fetch the paths; those that it could not are left out, and are built instead. */
async function fetch(
  paths: readonly StorePath[],
  store: PlannedStore,
  signal: AbortSignal,
): Promise<ReadonlySet<StorePath>> {
  return paths.length === 0 ? new Set() : store.queryValidPaths(paths, { signal, substitute: true });
}
