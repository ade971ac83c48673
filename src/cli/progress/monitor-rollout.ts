/**
 * How a rollout stands right now, folded from the event stream: counts of what is over, what it waits for, which wave it is
 * in. What is being done on each host is among what runs (`monitor.ts`). Pure.
 */

import type { ServerEvent } from '../../events/event.ts';

export type HostResult = 'deployed' | 'degraded' | 'rolled back' | 'failed' | 'skipped';

export interface RolloutStatus {
  readonly action: string;
  /** Hosts in all waves. */
  readonly hosts: number;
  readonly wave: number;
  readonly waves: number;
  /** Of hosts that are over; one that is tried again is not. */
  readonly results: ReadonlyMap<string, HostResult>;
  /** Why nothing is begun; `''` when something may be. */
  readonly waiting: string;
}

/** Undefined before a rollout and after it. */
export function advanceRollout(
  status: RolloutStatus | undefined,
  event: ServerEvent,
): RolloutStatus | undefined {
  if (event.type === 'rollout.started') {
    const { action, waves } = event;
    const hosts = waves.reduce((sum, wave) => sum + wave.length, 0);
    return { action, hosts, wave: 0, waves: waves.length, results: new Map(), waiting: '' };
  }
  if (status === undefined) return undefined;
  if (!isOfRollout(event)) return status;
  const over = (host: string, result: HostResult): RolloutStatus => {
    return { ...status, results: new Map(status.results).set(host, result) };
  };
  switch (event.type) {
    case 'rollout.wave':
      return { ...status, wave: event.wave };
    case 'rollout.waiting':
      return { ...status, waiting: event.state === 'going-on' ? '' : event.reason };
    case 'rollout.ended':
      return undefined;
    case 'host.started': {
      const results = new Map(status.results);
      results.delete(event.host);
      return { ...status, results };
    }
    case 'host.done':
      return over(event.host, event.degraded === undefined ? 'deployed' : 'degraded');
    case 'host.failed':
      return over(event.host, event.rolledBack ? 'rolled back' : 'failed');
    case 'host.skipped':
      return over(event.host, 'skipped');
  }
}

type RolloutEvent = Extract<
  ServerEvent,
  {
    readonly type:
      | `rollout.${'wave' | 'waiting' | 'ended'}`
      | `host.${'started' | 'done' | 'failed' | 'skipped'}`;
  }
>;

const ofRollout: ReadonlySet<string> = new Set<RolloutEvent['type']>([
  'rollout.wave',
  'rollout.waiting',
  'rollout.ended',
  'host.started',
  'host.done',
  'host.failed',
  'host.skipped',
]);

function isOfRollout(event: ServerEvent): event is RolloutEvent {
  return ofRollout.has(event.type);
}

const order: readonly HostResult[] = ['deployed', 'degraded', 'rolled back', 'failed', 'skipped'];

/** One line: `hosts 12/100: 11 deployed, 1 failed  wave 2/4  soaking …`. */
export function renderRollout({ hosts, wave, waves, results, waiting }: RolloutStatus): string {
  const all = [...results.values()];
  const counts = order.flatMap((kind) => {
    const count = all.filter((result) => result === kind).length;
    return count === 0 ? [] : [`${count} ${kind}`];
  });
  return [
    `hosts ${all.length}/${hosts}${counts.length === 0 ? '' : `: ${counts.join(', ')}`}`,
    ...(waves > 1 ? [`wave ${Math.max(wave, 1)}/${waves}`] : []),
    ...(waiting === '' ? [] : [waiting]),
  ].join('  ');
}
