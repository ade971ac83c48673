/** What becomes of a host whose work has ended: its outcome, or another try, or nothing yet. Pure. */

import type { HostPhase, ProteusEvent } from '../../events/event.ts';
import type { DeployPlan, HostOutcome } from '../deploy-plan.ts';
import type { HostEnd } from './execute-host.ts';
import type { HostState } from './rollout-state.ts';

export interface Settlement {
  /** Undefined: it has none yet, and waits to be begun again. */
  readonly outcome: HostOutcome | undefined;
  /** Milliseconds since 1970. */
  readonly retryAt: number | undefined;
  readonly event: ProteusEvent;
}

export interface SettleContext {
  readonly plan: DeployPlan;
  readonly state: HostState;
  readonly begunAt: number;
  readonly now: number;
  /** Why it was cut off; undefined: because this executor ends, and a later one will begin it again. */
  readonly stopped: string | undefined;
}

/** A host that cannot be reached is tried again after so long. */
const retryMs = 30_000;

export function settleHost(host: string, end: HostEnd, context: SettleContext): Settlement {
  const { plan, state, begunAt, now, stopped } = context;
  const settled = (outcome: HostOutcome, phase: HostPhase): Settlement => {
    return { outcome, retryAt: undefined, event: eventOf(outcome, phase, now - begunAt) };
  };
  switch (end.type) {
    case 'outcome':
      return settled(end.outcome, end.phase);
    case 'cut': {
      if (stopped === undefined) {
        const event = { type: 'host.failed', host, phase: end.phase, message: end.message } as const;
        return { outcome: undefined, retryAt: undefined, event };
      }
      const secrets = state.steps.includes('secrets-before')
        ? '; some of its secrets may be new already'
        : '';
      return settled({ host, result: 'skipped', reason: `${stopped}${secrets}` }, end.phase);
    }
    case 'unreachable': {
      const { unreachable, queueFor } = plan.policy;
      const message = state.halfDone
        ? `${end.message}; its activation had begun, and what it runs is not known`
        : end.message;
      if (unreachable === 'queue' && now < (state.triedAt ?? begunAt) + queueFor * 1000) {
        const reason = `tried again in ${retryMs / 1000} s: ${message}`;
        return { outcome: undefined, retryAt: now + retryMs, event: { type: 'host.skipped', host, reason } };
      }
      if (unreachable === 'fail' || state.halfDone)
        return settled({ host, result: 'failed', message }, 'connecting');
      return settled({ host, result: 'skipped', reason: message }, 'connecting');
    }
  }
}

function eventOf(outcome: HostOutcome, phase: HostPhase, durationMs: number): ProteusEvent {
  const { host } = outcome;
  switch (outcome.result) {
    case 'deployed':
      return { type: 'host.done', host, durationMs };
    case 'degraded':
      return { type: 'host.done', host, durationMs, degraded: outcome.message };
    case 'rolled-back':
      return { type: 'host.failed', host, phase, message: outcome.message, rolledBack: true };
    case 'failed':
      return { type: 'host.failed', host, phase, message: outcome.message };
    case 'skipped':
      return { type: 'host.skipped', host, reason: outcome.reason };
  }
}
