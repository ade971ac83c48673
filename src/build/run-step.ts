/**
 * One attempt at a step on one builder: the builder is reached, what the step needs is sent there, it builds, and the
 * outputs come back. On the local builder only the building is left. The builder gets the derivation with its inputs
 * resolved to store paths, so derivation files themselves are never sent.
 *
 * What the builder says is believed only as far as it can be checked: an output it does not have, or that is not what
 * was asked for, is the builder's fault. Each build has a connection of its own, so every log line that comes over it
 * belongs to this step.
 */

import type { Emit, StepPhase } from '../events/event.ts';
import type { BasicDerivation } from '../nix/derivation.ts';
import type { StorePath } from '../nix/store-path.ts';
import { copyPaths } from '../store/copy-paths.ts';
import type { BuildOptions, BuildResult, Store, StoreLog } from '../store/store.ts';
import { AppError } from '../util/app-error.ts';
import { type BuildLimits, watchLimits } from './build-limits.ts';
import type { BuildStep } from './build-step.ts';
import type { BuilderLink, BuilderSession } from './builder-link.ts';
import type { DerivationReader } from './derivation-reader.ts';
import { knownOutputs } from './known-outputs.ts';
import { receiveOutputs } from './receive-outputs.ts';
import { judgeResult, type Verdict } from './step-failure.ts';
import type { StepLog } from './step-log.ts';
import { tooLarge } from './too-large.ts';
import { untilAborted } from './until-aborted.ts';
import { withoutStall } from './without-stall.ts';

export interface StepRun {
  readonly step: BuildStep;
  readonly link: BuilderLink;
  /** The store that holds the derivations and receives the outputs. */
  readonly store: Store;
  readonly reader: DerivationReader;
  readonly log: StepLog;
  readonly limits: BuildLimits;
  readonly outputLimitBytes: number | undefined;
  readonly stallMs: number;
  readonly substitute: boolean;
  readonly emit: Emit;
  readonly onPhase: (phase: StepPhase) => void;
  readonly signal: AbortSignal;
}

export interface StepResult {
  readonly verdict: Verdict;
  /** Of a step that went well: its outputs by name. */
  readonly outputs: ReadonlyMap<string, StorePath>;
}

/** What came of it; throws whatever broke on the way, which says nothing about the derivation. */
export async function runStep(run: StepRun): Promise<StepResult> {
  const { link, signal } = run;
  const drv = run.step.floating ? undefined : await resolveInputs(run);
  if (!link.builder.isLocal) run.onPhase('connecting');
  return link.use((session) => {
    if (link.builder.isLocal || drv === undefined) return runHere(run, session, drv);
    return runThere(run, session, drv);
  }, signal);
}

async function runHere(
  run: StepRun,
  session: BuilderSession,
  drv: BasicDerivation | undefined,
): Promise<StepResult> {
  const verdict = await build(run, session, drv);
  const outputs = verdict.ok ? await knownOutputs(run.step, run.store, run.signal) : new Map();
  if (!verdict.ok || run.outputLimitBytes === undefined) return { verdict, outputs };
  const infos = await run.store.queryPathInfos([...outputs.values()], { signal: run.signal });
  return { verdict: tooLarge(infos.values(), run.outputLimitBytes) ?? verdict, outputs };
}

async function runThere(run: StepRun, session: BuilderSession, drv: BasicDerivation): Promise<StepResult> {
  const { step, store, stallMs, signal } = run;
  const { name } = run.link.builder;
  const outputs = await knownOutputs(step, store, signal);
  const paths = [...outputs.values()];
  run.onPhase('sending-inputs');
  // The clock of one upload does not run while another one has its turn.
  const upload = session.upload(() =>
    withoutStall({ what: `sending to ${name}`, stallMs, signal }, (sending, moved) =>
      sendInputs(run, session, [...drv.inputSources, ...paths], drv.inputSources, sending, moved),
    ),
  );
  await untilAborted(upload, signal, `sending to ${name}`);
  const verdict = await build(run, session, drv);
  if (!verdict.ok) return { verdict, outputs };
  run.onPhase('receiving-outputs');
  return withoutStall({ what: `receiving from ${name}`, stallMs, signal }, async (receiving, onMoved) => {
    const infos = await session.store.queryPathInfos(paths, { signal: receiving });
    const absent = paths.find((path) => !infos.has(path));
    if (absent !== undefined) {
      throw new AppError('store.path-missing', `it says that it built ${absent}, which is not there`);
    }
    const exceeded = tooLarge(infos.values(), run.outputLimitBytes);
    if (exceeded !== undefined) return { verdict: exceeded, outputs };
    await receiveOutputs({
      from: session.store,
      to: store,
      outputs: step.outputs,
      infos,
      sourceLease: session.lease,
      signal: receiving,
      onMoved,
    });
    return { verdict, outputs };
  });
}

async function sendInputs(
  run: StepRun,
  session: BuilderSession,
  kept: readonly StorePath[],
  roots: readonly StorePath[],
  signal: AbortSignal,
  onMoved: () => void,
): Promise<void> {
  await session.lease?.add(kept);
  await copyPaths({
    from: run.store,
    to: session.store,
    roots,
    // What is sent may come from the builder's substituters instead; what comes back is what was built.
    substitute: run.substitute,
    withoutSignatureCheck: true,
    emit: onMoved,
    onLog: onMoved,
    signal,
  });
}

/** The derivation with the paths of the outputs it uses among its sources. */
async function resolveInputs({ step, reader, store, signal }: StepRun): Promise<BasicDerivation> {
  const { inputDerivations, ...basic } = reader.derivation(step.drvPath);
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
  run.onPhase('building');
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
