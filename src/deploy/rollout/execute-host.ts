/**
 * One host of a rollout, from connecting to keeping what it runs. Before anything of it is changed it can be cut off at
 * any time; from its activation on it is seen to its end: kept, or back at what it ran before. Each step is written
 * down before it is begun. Its outcome is handed back, not written: that is the executor's.
 */

import type { Emit, HostPhase } from '../../events/event.ts';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import { checkSshTarget } from '../check-ssh-target.ts';
import type { DeployPlan, HostOutcome, PlannedHost } from '../deploy-plan.ts';
import { phaseWords } from '../phase-words.ts';
import type { HostFacts } from '../session/host-facts.ts';
import { courseOf, isUnchanged, restOf } from './course-of.ts';
import type { Activated, HostSteps, SecretsUploaded, StepOptions } from './host-steps.ts';
import type { HostStep, JournalEntry } from './journal.ts';
import { phaseOf } from './phase-of.ts';
import type { HostState } from './rollout-state.ts';

export interface HostJob {
  readonly plan: DeployPlan;
  readonly host: PlannedHost;
  readonly past: HostState;
  readonly steps: HostSteps;
  /** Cuts it off as long as nothing is changed. */
  readonly preparing: AbortSignal;
  /** Cuts it off at any time: it is left half done. */
  readonly kill: AbortSignal;
  /** Resolves when the entry is durable. */
  readonly note: (entry: JournalEntry) => Promise<void>;
  /** Resolves when the host may be activated; rejects when it is cut off before. */
  readonly mayActivate: () => Promise<void>;
  /** Told how the host stands when it was begun, before anything is done. */
  readonly onFacts: (facts: HostFacts | undefined) => void;
  readonly emit: Emit;
  readonly now: () => number;
}

export type HostEnd =
  /** `phase`: where it failed, if it did. */
  | { readonly type: 'outcome'; readonly outcome: HostOutcome; readonly phase: HostPhase }
  | { readonly type: 'unreachable'; readonly message: string }
  /** Cut off in that phase. */
  | { readonly type: 'cut'; readonly phase: HostPhase; readonly message: string };

/** What is known of a host while its steps are done. */
interface Progress {
  phase: HostPhase;
  /** From here on it is seen to its end. */
  changed: boolean;
  /** This rollout has activated it, so that there is something to go back from. */
  activated: boolean;
  readonly troubles: Set<string>;
}

/** Never throws: what goes wrong is the host's. */
export async function executeHost(job: HostJob): Promise<HostEnd> {
  const { past, steps } = job;
  const progress: Progress = {
    phase: 'connecting',
    changed: past.halfDone,
    activated: past.steps.includes('activate'),
    troubles: new Set(past.troubles),
  };
  try {
    await follow(job, progress);
    return past.why === undefined ? succeeded(job, progress) : wentBack(job, progress, past.why);
  } catch (error) {
    return await failed(job, progress, error);
  } finally {
    await close(steps);
  }
}

/** A connection that cannot be closed changes nothing about what the host runs. */
async function close(steps: HostSteps): Promise<void> {
  try {
    await steps[Symbol.asyncDispose]();
  } catch {}
}

async function follow(job: HostJob, progress: Progress): Promise<void> {
  const { plan, host, past, steps } = job;
  checkSshTarget(host.name, host.target);
  const facts = await begin(job, progress, 'begin', (options) => steps.begin(options));
  job.onFacts(facts);
  let rest = past.halfDone
    ? restOf(plan, past.steps)
    : courseOf(plan, isUnchanged(plan, host.toplevel, facts));
  for (rest = rest.slice(1); rest[0] !== undefined; rest = rest.slice(1)) {
    const step = rest[0];
    if (changes(step, plan) && !progress.changed) await beginChange(job, progress, facts);
    const pointless = await perform(job, progress, step);
    rest = rest.filter((next) => next === step || !pointless.includes(next));
  }
}

/** What is not to be begun any more once the rollout has stopped, and counts as being out of service. */
function changes(step: HostStep, plan: DeployPlan): boolean {
  return step === 'reboot' || (step === 'activate' && plan.action !== 'dry-activate');
}

async function beginChange(job: HostJob, progress: Progress, facts: HostFacts | undefined): Promise<void> {
  const { host, now, past } = job;
  await job.mayActivate();
  if (facts !== undefined && !past.previousKnown) {
    const { current, profile } = facts;
    await job.note({ type: 'previous', at: now(), host: host.name, current, profile });
  }
  job.preparing.throwIfAborted();
  progress.changed = true;
}

/** Writes the step down, then begins it. */
async function begin<T>(
  job: HostJob,
  progress: Progress,
  step: HostStep,
  work: (options: StepOptions) => Promise<T>,
  why?: string,
): Promise<T> {
  const { host, emit, now } = job;
  const signal = progress.changed ? job.kill : AbortSignal.any([job.preparing, job.kill]);
  signal.throwIfAborted();
  const written = job.note({
    type: 'step',
    at: now(),
    host: host.name,
    step,
    ...(why === undefined ? {} : { why }),
  });
  // Once it is changed the host must not be left so because of a journal that cannot be written any more.
  await (progress.changed && progress.activated ? written.catch(() => {}) : written);
  progress.phase = phaseOf(step, host);
  emit({ type: 'host.phase', host: host.name, phase: progress.phase });
  signal.throwIfAborted();
  return work({ signal, onLine: (line) => emit({ type: 'host.log', host: host.name, line }) });
}

/** Does a step; the steps that it makes pointless come back. */
async function perform(job: HostJob, progress: Progress, step: HostStep): Promise<readonly HostStep[]> {
  const { plan, steps } = job;
  const doing = <T>(work: (options: StepOptions) => Promise<T>): Promise<T> =>
    begin(job, progress, step, work);
  switch (step) {
    case 'begin':
      break;
    case 'pre-deploy-checks':
      await doing((options) => steps.preDeployChecks(options));
      break;
    case 'copy':
      await doing((options) => steps.copy(options));
      break;
    case 'secrets-before':
      await tellSecrets(job, progress, await doing((options) => steps.secrets('pre-activation', options)));
      break;
    case 'secrets-after':
      await tellSecrets(job, progress, await doing((options) => steps.secrets('post-activation', options)));
      break;
    case 'activate': {
      const { action } = plan;
      if (action === 'push') break;
      const activated = await doing((options) => {
        progress.activated = action !== 'dry-activate';
        return steps.activate(action, options);
      });
      return tellActivation(job, progress, activated);
    }
    case 'confirm':
      await doing((options) => steps.confirm(options));
      break;
    case 'reboot':
      await doing((options) => steps.reboot(options));
      if (plan.action === 'test') {
        await trouble(
          job,
          progress,
          'after its reboot it runs what its profile says, which test does not set',
        );
      }
      break;
    case 'health-checks':
      await doing((options) => steps.healthChecks(options));
      break;
    case 'keep':
      await doing((options) => steps.keep(options));
      break;
    case 'roll-back':
      await doing((options) => steps.rollBack(options));
      break;
  }
  return [];
}

async function tellActivation(
  job: HostJob,
  progress: Progress,
  activated: Activated,
): Promise<readonly HostStep[]> {
  const { plan, host } = job;
  if (activated.state === 'failed-units') {
    const units = activated.units.length === 0 ? '' : `: ${activated.units.join(', ')}`;
    await trouble(job, progress, `some units failed${units}`);
  }
  if (activated.state !== 'needs-reboot' || plan.reboot) return [];
  if (plan.action === 'test') {
    throw new AppError(
      'deploy.failed',
      `${host.name}: the new system needs a reboot to take effect, which test does not prepare`,
    );
  }
  await trouble(job, progress, 'needs a reboot: the new system takes effect at the next boot');
  // They would only look at the old one.
  return ['health-checks'];
}

async function tellSecrets(job: HostJob, progress: Progress, { partial }: SecretsUploaded): Promise<void> {
  for (const message of partial) await trouble(job, progress, `secrets: ${message}`);
}

async function trouble(job: HostJob, progress: Progress, message: string): Promise<void> {
  if (progress.troubles.has(message)) return;
  progress.troubles.add(message);
  const written = job.note({ type: 'trouble', at: job.now(), host: job.host.name, message });
  await (progress.changed ? written.catch(() => {}) : written);
}

function succeeded({ host }: HostJob, { phase, troubles }: Progress): HostEnd {
  const outcome: HostOutcome =
    troubles.size === 0
      ? { host: host.name, result: 'deployed' }
      : { host: host.name, result: 'degraded', message: [...troubles].join('; ') };
  return { type: 'outcome', outcome, phase };
}

function wentBack({ host }: HostJob, { phase }: Progress, message: string): HostEnd {
  return { type: 'outcome', outcome: { host: host.name, result: 'rolled-back', message }, phase };
}

async function failed(job: HostJob, progress: Progress, error: unknown): Promise<HostEnd> {
  const { host, plan, past } = job;
  const { phase } = progress;
  const cut = progress.changed ? job.kill : AbortSignal.any([job.preparing, job.kill]);
  if (cut.aborted) return { type: 'cut', phase, message: `interrupted while ${phaseWords[phase]}` };
  const message = errorMessage(error);
  if (phase === 'connecting' && error instanceof AppError && error.code === 'deploy.unreachable') {
    return { type: 'unreachable', message };
  }
  // Nothing can be done there now, not even going back.
  const isLost = phase === 'connecting' && progress.activated;
  const outcome = (text: string): HostEnd => {
    return { type: 'outcome', outcome: { host: host.name, result: 'failed', message: text }, phase };
  };
  if (isLost) return outcome(`${message}; its activation had begun, and what it runs is not known`);
  if (!progress.activated || !plan.policy.rollBack) return outcome(message);
  // What failed was going back itself, in this run or when it was taken up again.
  if (phase === 'rolling-back') return outcome(`${past.why ?? ''}; going back failed: ${message}`);
  try {
    await begin(job, progress, 'roll-back', (options) => job.steps.rollBack(options), message);
  } catch (second) {
    if (job.kill.aborted) {
      return {
        type: 'cut',
        phase: 'rolling-back',
        message: `interrupted while ${phaseWords['rolling-back']}`,
      };
    }
    return outcome(`${message}; going back failed, too: ${errorMessage(second)}`);
  }
  return wentBack(job, { ...progress, phase }, message);
}
