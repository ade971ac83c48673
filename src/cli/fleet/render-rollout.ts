/** Rollouts of a server, for people. Pure. */

import type { z } from 'zod';
import type { rollout, rolloutDetails } from '../../api/v1/schemas/rollout.ts';
import { formatDuration } from '../../util/format-duration.ts';
import { ago } from '../client/ago.ts';
import { renderFields } from '../client/render-fields.ts';
import { renderTable } from '../client/render-table.ts';

export type Rollout = z.output<typeof rollout>;
export type RolloutDetails = z.output<typeof rolloutDetails>;

/** `now`: milliseconds since 1970. */
export function renderRollouts(rollouts: readonly Rollout[], now: number): readonly string[] {
  return renderTable(
    ['rollout', 'of', 'action', 'state', 'by', 'planned', 'why'],
    rollouts.map((one) => [
      one.id,
      `${one.project}:${one.jobset}#${one.evaluation}`,
      one.action,
      stateOf(one),
      one.approvedBy ?? one.createdBy,
      ago(Math.floor(one.createdAt / 1000), now),
      oneLine(one.why),
    ]),
    'no rollouts: proteus rollout start PROJECT/JOBSET',
  );
}

export function renderRolloutDetails(one: RolloutDetails): readonly string[] {
  const waves = one.plan.waves.length;
  const fields = renderFields([
    ['rollout', one.id],
    ['of', `${one.project}:${one.jobset}, evaluation ${one.evaluation}`],
    ['action', one.action],
    ['state', stateOf(one)],
    ['message', one.message],
    ['why', one.why],
    ['planned', `by ${one.createdBy}, ${timeOf(one.createdAt)}`],
    ['approved', one.approvedAt === null ? null : `by ${one.approvedBy}, ${timeOf(one.approvedAt)}`],
    ['begun', one.startedAt === null ? null : timeOf(one.startedAt)],
    ['ended', one.endedAt === null ? null : timeOf(one.endedAt)],
    ['waves', waves > 1 ? waves : null],
  ]);
  const leftOut = one.leftOut.map(({ host, why }) => `${host} is left out: ${why}`);
  return [...fields, '', ...renderRolloutHosts(one), ...(leftOut.length > 0 ? ['', ...leftOut] : [])];
}

export function renderRolloutHosts({ hosts, plan, state }: RolloutDetails): readonly string[] {
  const hasWaves = plan.waves.length > 1;
  return renderTable(
    ['host', ...(hasWaves ? ['wave'] : []), 'result', 'took', 'system', ''],
    hosts.map((host) => [
      host.host,
      ...(hasWaves ? [host.wave + 1] : []),
      host.result ?? (host.step === null ? 'waits' : state === 'ended' ? 'not known' : host.step),
      host.startedAt === null || host.endedAt === null ? null : formatDuration(host.endedAt - host.startedAt),
      host.toplevel,
      oneLine(host.message ?? ''),
    ]),
    'no hosts',
  );
}

export function stateOf({ state, result }: Pick<Rollout, 'state' | 'result'>): string {
  return state === 'ended' ? (result ?? 'ended') : state === 'planned' ? 'waits for approval' : state;
}

function timeOf(at: number): string {
  return new Date(at).toISOString();
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ');
}
