/**
 * What is going on right now, folded from the event stream: the model behind the live display. Pure: a reducer over
 * a readonly state, so that it can be tested without a terminal.
 */

import type { ServerEvent } from '../../events/event.ts';
import { formatBytes } from '../../util/format-bytes.ts';
import { advanceRollout, type RolloutStatus } from './monitor-rollout.ts';

export interface RunningItem {
  readonly label: string;
  /** What is being done, where that is known, and what was said of it last. */
  readonly phase?: string;
  readonly detail: string;
  readonly since: number;
}

export interface Status {
  readonly evaluated: number;
  readonly evaluationTotal: number;
  readonly built: number;
  readonly failed: number;
  readonly toBuild: number;
  /** Builds of a server. */
  readonly queued: number;
  readonly finished: number;
  readonly rollout: RolloutStatus | undefined;
  /** What runs, by a key of its kind and name; oldest first. */
  readonly running: ReadonlyMap<string, RunningItem>;
}

export const idle: Status = {
  evaluated: 0,
  evaluationTotal: 0,
  built: 0,
  failed: 0,
  toBuild: 0,
  queued: 0,
  finished: 0,
  rollout: undefined,
  running: new Map(),
};

/** The status after an event that happened at `now` (milliseconds). */
export function advance(status: Status, event: ServerEvent, now: number): Status {
  return { ...advanceRunning(status, event, now), rollout: advanceRollout(status.rollout, event) };
}

function advanceRunning(status: Status, event: ServerEvent, now: number): Status {
  switch (event.type) {
    case 'evaluation.started':
      return { ...status, evaluationTotal: status.evaluationTotal + event.jobs.length };
    case 'evaluation.job.started':
      return started(status, `eval ${event.job}`, {
        label: `evaluating ${event.job}`,
        detail: '',
        since: now,
      });
    case 'evaluation.job.done':
      return { ...ended(status, `eval ${event.job}`), evaluated: status.evaluated + 1 };
    case 'evaluation.job.failed':
      return {
        ...ended(status, `eval ${event.job}`),
        evaluated: status.evaluated + 1,
        failed: status.failed + 1,
      };
    case 'build.planned':
      return { ...status, toBuild: status.toBuild + event.toBuild };
    case 'step.started':
      return started(status, `step ${event.drvPath}`, {
        label: `building ${event.name}`,
        detail: event.builder === 'local' ? '' : event.builder,
        since: now,
      });
    case 'step.phase':
      return detailed(status, `step ${event.drvPath}`, event.phase.replaceAll('-', ' '));
    case 'step.build-phase':
      return detailed(status, `step ${event.drvPath}`, event.phase);
    case 'step.log':
      return detailed(status, `step ${event.drvPath}`, event.line);
    case 'step.done':
      return { ...ended(status, `step ${event.drvPath}`), built: status.built + 1 };
    case 'step.failed':
      return {
        ...ended(status, `step ${event.drvPath}`),
        failed: status.failed + (event.willRetry ? 0 : 1),
      };
    case 'copy.started':
      // To a host of a rollout, which has a line already.
      if (status.running.has(`host ${event.to}`)) return status;
      return started(status, `copy ${event.to}`, { label: `copying to ${event.to}`, detail: '', since: now });
    case 'copy.progress': {
      const key = status.running.has(`host ${event.to}`) ? `host ${event.to}` : `copy ${event.to}`;
      return detailed(status, key, `${event.paths} paths, ${formatBytes(event.bytes)}`);
    }
    case 'copy.done':
      return ended(status, `copy ${event.to}`);
    case 'host.started':
      return started(status, `host ${event.host}`, {
        label: `${event.action} on ${event.host}`,
        detail: '',
        since: now,
      });
    case 'host.phase': {
      const phase = event.phase.replaceAll('-', ' ');
      const item = status.running.get(`host ${event.host}`);
      return item === undefined
        ? status
        : started(status, `host ${event.host}`, { ...item, phase, detail: '' });
    }
    case 'host.log':
      return detailed(status, `host ${event.host}`, event.line);
    case 'host.check':
      return detailed(status, `host ${event.host}`, event.description);
    case 'host.done':
    case 'host.failed':
    case 'host.skipped':
      return ended(status, `host ${event.host}`);
    case 'ci.evaluation.started':
      return started(status, `ci ${event.project}:${event.jobset}`, {
        label: `${event.phase} ${event.project}:${event.jobset}`,
        detail: '',
        since: now,
      });
    case 'ci.evaluation.progress':
      return detailed(
        status,
        `ci ${event.project}:${event.jobset}`,
        `${event.done} done${event.failed === 0 ? '' : `, ${event.failed} failed`}, ${event.job}`,
      );
    case 'ci.evaluation.ended':
      return ended(status, `ci ${event.project}:${event.jobset}`);
    case 'ci.build.queued':
      return { ...status, queued: status.queued + 1 };
    case 'ci.build.finished':
      return { ...status, finished: status.finished + 1 };
    case 'ci.build.started':
    case 'ci.step.started':
    case 'ci.step.ended':
    case 'ci.builder.changed':
    case 'ci.jobset.changed':
    case 'evaluation.job.message':
    case 'evaluation.worker.restarted':
    case 'evaluation.done':
    case 'build.done':
    case 'rollout.started':
    case 'rollout.wave':
    case 'rollout.waiting':
    case 'rollout.ended':
    case 'message':
      return status;
  }
}

function started(status: Status, key: string, item: RunningItem): Status {
  return { ...status, running: new Map(status.running).set(key, item) };
}

function detailed(status: Status, key: string, detail: string): Status {
  const item = status.running.get(key);
  return item === undefined ? status : started(status, key, { ...item, detail });
}

function ended(status: Status, key: string): Status {
  const running = new Map(status.running);
  running.delete(key);
  return { ...status, running };
}
