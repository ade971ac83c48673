/**
 * The rollouts of a server. One is planned and kept, waits to be approved, and is then executed by the server itself: each
 * by an executor of its own, on hosts that no other one has. What was asked of it is written down before it takes
 * effect, so a server that starts again goes on with every rollout as it was: running, paused, or being aborted.
 */

import type { Database } from '../../db/database.ts';
import type { RolloutRecord, RolloutState } from '../../db/rollout-records.ts';
import { cordonWords } from '../../deploy/cordon-words.ts';
import type { JournalEntry } from '../../deploy/rollout/journal.ts';
import type { RolloutControl } from '../../deploy/rollout/rollout-control.ts';
import type { Emit } from '../../events/event.ts';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import { createRolloutHand, type RolloutHand } from './rollout-hand.ts';
import type { FleetPlan, RolloutRequest, Rollouts } from './rollouts.ts';

export interface RolloutsDeps {
  readonly database: Pick<Database, 'rollouts' | 'hosts'>;
  readonly plan: (request: RolloutRequest) => Promise<FleetPlan>;
  /** Executes one until it has ended. Throws `interrupted` when the signal fired before that. */
  readonly run: (rollout: RolloutRecord, options: RunOptions) => Promise<void>;
  readonly emit: Emit;
  /** A few letters and digits that differ each time. */
  readonly randomWord: () => string;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

export interface RunOptions {
  readonly control: RolloutControl;
  readonly cordoned: (host: string) => string | undefined;
  readonly signal: AbortSignal;
}

export interface ServerRollouts extends Rollouts {
  /** Goes on with those of before. */
  start(): Promise<void>;
  /** When nothing runs any more; they end by the signal. */
  idle(): Promise<void>;
}

export function createRollouts(deps: RolloutsDeps): ServerRollouts {
  const { database, emit, now, signal } = deps;
  const { rollouts, hosts } = database;
  const hands = new Map<string, RolloutHand>();
  const runs = new Set<Promise<void>>();
  /** By project and host: why it takes no part. */
  const cordons = new Map<string, string>();

  const find = async (id: string): Promise<RolloutRecord> => {
    const found = await rollouts.get(id);
    if (found === undefined) throw new AppError('rollout.unknown', `there is no rollout ${id}`);
    return found;
  };

  const execute = async (rollout: RolloutRecord, hand: RolloutHand): Promise<void> => {
    const { id, project } = rollout;
    try {
      await rollouts.setState(id, ['approved'], 'running');
      // Somebody may have paused it before there was a hand to do it with.
      hand.set(controlOf((await find(id)).state), hand.by ?? '');
      const cordoned = (host: string): string | undefined => cordons.get(keyOf(project, host));
      await deps.run(rollout, { control: hand, cordoned, signal });
    } catch (error) {
      // It goes on when the server is back.
      if (signal.aborted) return;
      const message = errorMessage(error);
      emit({ type: 'message', level: 'error', text: `rollout ${id} ended: ${message}` });
      await rollouts.end(id, unfinished, { result: 'failed', message, endedAt: now() });
      emit({ type: 'rollout.ended', rollout: id, result: 'failed', durationMs: 0 });
    } finally {
      hands.delete(id);
    }
  };

  const launch = (rollout: RolloutRecord, by: string): void => {
    if (signal.aborted || hands.has(rollout.id)) return;
    const hand = createRolloutHand(controlOf(rollout.state), by);
    hands.set(rollout.id, hand);
    const run = execute(rollout, hand)
      .catch((error: unknown) => {
        if (!signal.aborted)
          emit({ type: 'message', level: 'error', text: `rollout ${rollout.id}: ${errorMessage(error)}` });
      })
      .finally(() => runs.delete(run));
    runs.add(run);
  };

  /** To another state, by somebody, while it runs. */
  const steer = async (
    id: string,
    {
      from,
      to,
      by,
    }: { readonly from: readonly RolloutState[]; readonly to: RolloutState; readonly by: string },
  ): Promise<void> => {
    if (!(await rollouts.setState(id, from, to))) throw wrongState(await find(id), wordsOf[to] ?? to);
    hands.get(id)?.set(controlOf(to), by);
  };

  return {
    plan: (request) => deps.plan(request),
    async create(request, by) {
      const { plan, leftOut } = await deps.plan(request);
      if (plan.source.type !== 'evaluation') throw new TypeError('a server rolls out evaluations only');
      const { evaluation } = plan.source;
      const at = now();
      const entry: JournalEntry = { type: 'planned', at, by, why: request.why, plan };
      const waveOf = new Map(plan.waves.flatMap((names, wave) => names.map((name) => [name, wave] as const)));
      return rollouts.create({
        id: nameOf(request.jobset, evaluation, deps.randomWord()),
        project: request.project,
        jobset: request.jobset,
        evaluation,
        action: plan.action,
        plan: JSON.stringify(plan),
        leftOut: JSON.stringify(leftOut),
        createdBy: by,
        why: request.why,
        createdAt: at,
        hosts: plan.hosts.map(({ name, toplevel }) => ({
          host: name,
          wave: waveOf.get(name) ?? 0,
          toplevel,
        })),
        entry: JSON.stringify(entry),
      });
    },
    async approve(id, by) {
      const answer = await rollouts.approve(id, by, now());
      if (answer.ok) {
        launch(await find(id), by);
        return;
      }
      if ('claimed' in answer) {
        const list = answer.claimed.map((claim) => `${claim.host} (by ${claim.by})`).join(', ');
        throw new AppError('rollout.busy', `rollout ${id} cannot begin: others have ${list}`);
      }
      throw wrongState(await find(id), 'approved');
    },
    pause: (id, by) => steer(id, { from: ['approved', 'running'], to: 'paused', by }),
    resume: (id, by) => steer(id, { from: ['paused'], to: 'running', by }),
    async abort(id, by) {
      const ending = { result: 'aborted', message: `aborted by ${by} before it began`, endedAt: now() };
      if (await rollouts.end(id, ['planned'], ending)) return;
      await steer(id, { from: ['approved', 'running', 'paused'], to: 'aborting', by });
    },
    async setCordon(project, host, cordon) {
      await hosts.setCordon(project, host, cordon && { ...cordon, at: now() });
      const key = keyOf(project, host);
      if (cordon === null) cordons.delete(key);
      else cordons.set(key, cordonWords(cordon));
    },
    async removeHost(project, host) {
      if (await hosts.remove(project, host)) {
        cordons.delete(keyOf(project, host));
        return;
      }
      const found = await hosts.find(project, host);
      if (found === undefined) throw new AppError('host.unknown', `there is no host ${project}/${host}`);
      const by = found.claimedBy ?? 'one that has just ended';
      throw new AppError('rollout.busy', `host ${host} cannot be removed: rollout ${by} has it in hand`);
    },
    async start() {
      for (const { project, name, cordonedBy, cordonReason } of await hosts.list()) {
        if (cordonedBy !== null) {
          const words = cordonWords({ by: cordonedBy, reason: cordonReason ?? '' });
          cordons.set(keyOf(project, name), words);
        }
      }
      for (const rollout of await rollouts.unfinished()) {
        launch(rollout, rollout.approvedBy ?? rollout.createdBy);
      }
    },
    async idle() {
      await Promise.all(runs);
    },
  };
}

const unfinished: readonly RolloutState[] = ['approved', 'running', 'paused', 'aborting'];
const wordsOf: Partial<Record<RolloutState, string>> = {
  paused: 'paused',
  running: 'resumed',
  aborting: 'aborted',
};

function controlOf(state: RolloutState): RolloutControl['state'] {
  if (state === 'paused') return 'paused';
  return state === 'aborting' ? 'aborted' : 'running';
}

/** Of the form that names a rollout on hosts, too. */
function nameOf(jobset: string, evaluation: number, word: string): string {
  const readable = jobset
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 40);
  return `${readable}-${evaluation}-${word}`;
}

function keyOf(project: string, host: string): string {
  return `${project}/${host}`;
}

function wrongState({ id, state, result }: RolloutRecord, what: string): AppError {
  const now = state === 'ended' ? `has ended (${result ?? 'no result'})` : `is ${state}`;
  return new AppError('rollout.state', `rollout ${id} cannot be ${what}: it ${now}`);
}
