/** Rollouts of a server, for people. Pure. */

import type { z } from 'zod';
import type { rollout, rolloutDetails } from '../../api/v1/schemas/rollout.ts';
import type { HostDiff } from '../../deploy/diff/host-diff.ts';
import { ago } from '../client/ago.ts';
import { renderFields } from '../client/render-fields.ts';
import { renderTable } from '../client/render-table.ts';
import { renderHosts } from './render-hosts.ts';

export type Rollout = z.output<typeof rollout>;
export type RolloutDetails = z.output<typeof rolloutDetails>;

type Diffs = ReadonlyMap<string, HostDiff>;

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

/** `diffs`: by host, what changes on each, as far as that is known. */
export function renderRolloutDetails(one: RolloutDetails, diffs: Diffs = new Map()): readonly string[] {
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
  return [...fields, '', ...renderRolloutHosts(one, diffs), ...(leftOut.length > 0 ? ['', ...leftOut] : [])];
}

export function renderRolloutHosts(
  { hosts, plan, state }: RolloutDetails,
  diffs: Diffs = new Map(),
): readonly string[] {
  const hasWaves = plan.waves.length > 1;
  return renderHosts(
    hosts.map(({ host, wave, result, step, startedAt, endedAt, message }) => ({
      host,
      wave: hasWaves ? wave + 1 : undefined,
      result: result ?? undefined,
      stands: step === null ? 'waits' : state === 'ended' ? 'not known' : step,
      tookMs: startedAt === null || endedAt === null ? undefined : endedAt - startedAt,
      diff: diffs.get(host),
      message: message ?? '',
    })),
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
