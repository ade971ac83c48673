/**
 * One attempt at a step on one builder: the builder is reached, what the step needs is sent there, it builds, and the
 * outputs come back. On the local builder only the building is left. The builder gets the derivation with its inputs
 * resolved to store paths, so derivation files themselves are never sent.
 *
 * Each build has a connection of its own, so every log line that comes over it belongs to this step.
 */

import type { Emit } from '../events/event.ts';
import type { BasicDerivation } from '../nix/derivation.ts';
import type { StorePath } from '../nix/store-path.ts';
import { copyPaths } from '../store/copy-paths.ts';
import type { BuildOptions, BuildResult, Store, StoreLog, TempRootLease } from '../store/store.ts';
import { type BuildLimits, watchLimits } from './build-limits.ts';
import type { BuildStep } from './build-step.ts';
import type { BuilderLink, BuilderSession } from './builder-link.ts';
import type { DerivationReader } from './derivation-reader.ts';
import { knownOutputs } from './known-outputs.ts';
import { judgeResult, type Verdict } from './step-failure.ts';
import type { StepLog } from './step-log.ts';

export interface StepRun {
  readonly step: BuildStep;
  readonly link: BuilderLink;
  /** The store that holds the derivations and receives the outputs. */
  readonly store: Store;
  readonly reader: DerivationReader;
  readonly log: StepLog;
  readonly limits: BuildLimits;
  readonly substitute: boolean;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** What came of it; throws whatever broke on the way, which says nothing about the derivation. */
export async function runStep(run: StepRun): Promise<Verdict> {
  const { step, link, emit } = run;
  const { drvPath } = step;
  const drv = step.floating ? undefined : await resolveInputs(run);
  if (!link.builder.isLocal) emit({ type: 'step.phase', drvPath, phase: 'connecting' });
  return link.use(async (session) => {
    if (link.builder.isLocal || drv === undefined) return build(run, session, drv);
    const outputs = [...drv.outputs.values()].flatMap((output) => output.path ?? []);
    emit({ type: 'step.phase', drvPath, phase: 'sending-inputs' });
    await session.lease?.add([...drv.inputSources, ...outputs]);
    await session.upload(() => copy(run, run.store, session.store, drv.inputSources));
    const verdict = await build(run, session, drv);
    if (!verdict.ok) return verdict;
    emit({ type: 'step.phase', drvPath, phase: 'receiving-outputs' });
    await copy(run, session.store, run.store, outputs, session.lease);
    return verdict;
  });
}

/** What is sent to a builder may come from its substituters instead; what comes back is what was built. */
async function copy(
  run: StepRun,
  from: Store,
  to: Store,
  roots: readonly StorePath[],
  sourceLease?: TempRootLease,
): Promise<void> {
  const substitute = run.substitute && to !== run.store;
  await copyPaths({
    from,
    to,
    roots,
    substitute,
    withoutSignatureCheck: true,
    signal: run.signal,
    sourceLease,
  });
}

/** The derivation with the paths of the outputs it uses among its sources. */
async function resolveInputs({ step, reader, store, signal }: StepRun): Promise<BasicDerivation> {
  const { inputDerivations, ...basic } = await reader.derivation(step.drvPath);
  const sources = new Set(basic.inputSources);
  for (const input of await reader.steps(inputDerivations.keys())) {
    const known = await knownOutputs(input, store, signal);
    for (const name of inputDerivations.get(input.drvPath) ?? []) {
      const path = known.get(name);
      if (path === undefined) throw new TypeError(`${input.drvPath} has no output ${name} with a known path`);
      sources.add(path);
    }
  }
  return { ...basic, inputSources: [...sources].sort() };
}

async function build(
  run: StepRun,
  session: BuilderSession,
  drv: BasicDerivation | undefined,
): Promise<Verdict> {
  const { step, log, limits, emit } = run;
  const { drvPath } = step;
  emit({ type: 'step.phase', drvPath, phase: 'building' });
  using watch = watchLimits(limits);
  const onLog = (entry: StoreLog): void => {
    if (entry.type === 'phase') emit({ type: 'step.build-phase', drvPath, phase: entry.phase });
    if (entry.type !== 'build-log-line' || watch.exceeded !== undefined) return;
    log.writeLine(entry.line);
    watch.onLine(log.bytes);
    emit({ type: 'step.log', drvPath, line: entry.line });
  };
  const options: BuildOptions = {
    signal: AbortSignal.any([run.signal, watch.signal]),
    onLog,
    settings: buildSettings(run),
    ...(limits.maxSilentSeconds !== undefined && { maxSilentSeconds: limits.maxSilentSeconds }),
    ...(limits.timeoutSeconds !== undefined && { timeoutSeconds: limits.timeoutSeconds }),
    ...(limits.maxLogBytes !== undefined && { maxLogBytes: limits.maxLogBytes }),
  };
  try {
    const result =
      drv === undefined
        ? await buildFloating(session.store, drvPath, options)
        : await session.store.buildDerivation(drvPath, drv, options);
    return watch.exceeded ?? judgeResult(result, limits);
  } catch (error) {
    if (watch.exceeded !== undefined) return watch.exceeded;
    throw error;
  }
}

async function buildFloating(store: Store, drvPath: StorePath, options: BuildOptions): Promise<BuildResult> {
  const [built] = await store.buildPathsWithResults([{ drvPath, outputs: '*' }], options);
  if (built === undefined) throw new TypeError(`the store told no result for ${drvPath}`);
  return built.result;
}

/** The local daemon must not hand the step on to builders of its own: we are the ones who choose. */
function buildSettings({ link, substitute }: StepRun): Record<string, string> {
  return {
    ...link.builder.settings,
    ...(link.builder.isLocal && { builders: '' }),
    ...(!substitute && { substitute: 'false' }),
  };
}
