/** `proteus rollout show ID [HOST…]`: what was planned, what changes with it, and what became of it. */

import { pageOf } from '../../api/v1/schemas/paging.ts';
import { rolloutChange, rolloutDetails } from '../../api/v1/schemas/rollout.ts';
import type { HostDiff } from '../../deploy/diff/host-diff.ts';
import { isRolloutRunning } from '../../deploy/rollout/file-journal.ts';
import { readFileJournal } from '../../deploy/rollout/read-file-journal.ts';
import { planOfJournal } from '../../deploy/rollout/rollout-state.ts';
import { AppError } from '../../util/app-error.ts';
import { ago } from '../client/ago.ts';
import type { ApiClient } from '../client/api-client.ts';
import { type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import type { CommandModule } from '../command-module.ts';
import { type CliContext, printResult } from '../context.ts';
import { serverOfRollout } from '../fleet/find-rollout.ts';
import { renderHostChanges } from '../fleet/render-host-changes.ts';
import { renderHosts, type ShownHost } from '../fleet/render-hosts.ts';
import { renderRolloutDetails } from '../fleet/render-rollout.ts';
import { rolloutPath } from '../fleet/steer-rollout.ts';
import { describePlan } from '../rollouts/describe-plan.ts';
import { type HostSummary, journalSummary } from '../rollouts/journal-summary.ts';
import { rolloutsFolder } from '../rollouts/rollouts-folder.ts';

interface Flags extends ServerFlags {
  readonly changes?: boolean;
}

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(command)
    .argument('<rollout>', 'its name, as proteus rollout list shows it')
    .argument('[hosts...]', 'only these, with all that changes on them')
    .option(
      '--changes',
      'say all that changes: packages, units and sizes; hosts with the same changes together',
    )
    .addHelpText(
      'after',
      `
Changes are between what a host ran when the rollout came to it and what it is given. U: a newer version, D: an older one,
*: other versions, +: new, -: gone.

Examples:
  proteus rollout show 20260102-030405-abcd
  proteus rollout show 20260102-030405-abcd --changes
  proteus rollout show main-42-k3x9ab1 db01 db02
`,
    )
    .action((id: string, hosts: readonly string[], flags: Flags) => {
      run(async (context) => {
        const client = await serverOfRollout(context, flags, id);
        if (client === undefined) await showHere(context, id, hosts, flags);
        else await showThere(context, client, id, { hosts, flags });
        return 0;
      });
    });
};

async function showThere(
  context: CliContext,
  client: ApiClient,
  id: string,
  { hosts, flags }: { readonly hosts: readonly string[]; readonly flags: Flags },
): Promise<void> {
  const details = await client.get(rolloutPath(id), rolloutDetails);
  const chosen = only(id, details.hosts, hosts);
  const found = await changesOf(client, id);
  const diffs = new Map(found.map(({ host, diff }) => [host, diff]));
  const lines = renderRolloutDetails({ ...details, hosts: [...chosen] }, diffs);
  const more = wanted(flags, hosts) ? renderHostChanges(chosen.map(({ host }) => withDiff(host, diffs))) : [];
  printResult(context, [...lines, ...more].join('\n'), { rollout: details, changes: found });
}

async function changesOf(client: ApiClient, id: string) {
  const first = await client.get(`${rolloutPath(id)}/changes?limit=1000`, pageOf(rolloutChange));
  const items = [...first.items];
  for (let { next } = first; next !== null; ) {
    const page = await client.get(
      `${rolloutPath(id)}/changes?limit=1000&offset=${next}`,
      pageOf(rolloutChange),
    );
    items.push(...page.items);
    next = page.next;
  }
  return items;
}

async function showHere(
  context: CliContext,
  id: string,
  hosts: readonly string[],
  flags: Flags,
): Promise<void> {
  const folder = rolloutsFolder(context.env);
  const { entries } = await readFileJournal(folder, id);
  const summary = journalSummary(id, entries, isRolloutRunning(folder, id));
  const plan = planOfJournal(id, entries);
  const chosen = only(id, summary.hosts, hosts);
  const begun = ago(Math.floor(summary.plannedAt / 1000), Date.now());
  const waveOf = new Map(plan.waves.flatMap((names, wave) => names.map((name) => [name, wave + 1] as const)));
  const shown = chosen.map((host) =>
    shownHost(host, plan.waves.length > 1 ? waveOf.get(host.host) : undefined),
  );
  const lines = [
    `rollout ${id}: ${summary.state}, begun ${begun} by ${summary.by}${summary.why === '' ? '' : `: ${summary.why}`}`,
    ...describePlan(plan).slice(0, 1),
    '',
    ...renderHosts(shown),
    ...(wanted(flags, hosts) ? renderHostChanges(chosen) : []),
  ];
  // What changes is told with each host already, and is most of a journal.
  const told = entries.filter(({ type }) => type !== 'diff');
  printResult(context, lines.join('\n'), { ...summary, entries: told });
}

function wanted({ changes }: Flags, hosts: readonly string[]): boolean {
  return changes === true || hosts.length > 0;
}

/** Those that were named, or all. Throws `usage.invalid` for one that the rollout does not have. */
function only<H extends { readonly host: string }>(
  id: string,
  all: readonly H[],
  names: readonly string[],
): readonly H[] {
  const missing = names.filter((name) => !all.some(({ host }) => host === name));
  if (missing.length > 0)
    throw new AppError('usage.invalid', `rollout ${id} has no host ${missing.join(', ')}`);
  return names.length === 0 ? all : all.filter(({ host }) => names.includes(host));
}

function withDiff(host: string, diffs: ReadonlyMap<string, HostDiff>) {
  return { host, diff: diffs.get(host) };
}

function shownHost({ host, outcome, step, tookMs, diff }: HostSummary, wave: number | undefined): ShownHost {
  const message =
    outcome === undefined || outcome.result === 'deployed'
      ? ''
      : outcome.result === 'skipped'
        ? outcome.reason
        : outcome.message;
  const stands = step === undefined ? 'not begun' : `begun: ${step}`;
  return { host, wave, result: outcome?.result, stands, tookMs, diff, message };
}
