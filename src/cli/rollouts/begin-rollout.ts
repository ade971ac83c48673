/** What becomes of a plan: it is shown, saved, asked about, or executed, as the flags say. */

import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import type { DeployPlan } from '../../deploy/deploy-plan.ts';
import { createFileJournal } from '../../deploy/rollout/file-journal.ts';
import { AppError } from '../../util/app-error.ts';
import { type CliContext, say } from '../context.ts';
import { cordonFile, watchCordons } from '../cordons/cordon-file.ts';
import { whoAmI } from '../who-am-i.ts';
import { writeNewFile } from '../write-new-file.ts';
import { describePlan } from './describe-plan.ts';
import { rolloutsFolder } from './rollouts-folder.ts';
import { type RunRolloutOptions, runRollout } from './run-rollout.ts';

export interface PlanFlags {
  readonly dryRun?: boolean;
  readonly planOnly?: boolean;
  readonly savePlan?: string;
  readonly ask?: boolean | undefined;
  readonly why?: string | undefined;
}

export function withPlanFlags(command: Command): Command {
  return command
    .option('--dry-run', 'build, and say what would be done, without touching any host')
    .option('--plan-only', 'the same')
    .option('--save-plan <file>', 'write the plan to a file, for proteus rollout execute')
    .option('--ask', 'show the plan and ask before any host is touched')
    .option('--why <text>', 'the reason, for those who look at the rollout later');
}

/** Exit codes are those of `runRollout`; 0 when nothing was to be executed, 1 when that was refused. */
export async function beginRollout(
  context: CliContext,
  plan: DeployPlan,
  flags: PlanFlags,
  options: RunRolloutOptions = {},
): Promise<number> {
  if (flags.savePlan !== undefined) {
    await writeNewFile(flags.savePlan, `${JSON.stringify(plan, undefined, 2)}\n`, 0o600);
  }
  const planOnly = Boolean(flags.dryRun || flags.planOnly || flags.savePlan !== undefined);
  if (planOnly || flags.ask || plan.waves.length > 1) {
    for (const line of describePlan(plan)) say(context, line);
    const cordoned = watchCordons(cordonFile(context.env));
    for (const { name } of plan.hosts) {
      const why = cordoned(name);
      if (why !== undefined) say(context, `${name}: would be skipped, as it is ${why}`);
    }
  }
  if (planOnly) {
    if (context.json) context.stdout.write(`${JSON.stringify({ type: 'deploy.plan', plan })}\n`);
    if (flags.savePlan !== undefined) {
      say(context, `saved; go on with it: proteus rollout execute ${flags.savePlan}`);
    }
    return 0;
  }
  if (flags.ask && !(await isWanted(context))) {
    say(context, 'no host was touched');
    return 1;
  }
  await using journal = await createFileJournal(rolloutsFolder(context.env), plan, {
    by: whoAmI(context.env),
    why: flags.why ?? '',
  });
  return await runRollout(context, journal, options);
}

async function isWanted({ stdin, stderr, signal }: CliContext): Promise<boolean> {
  if (stdin.isTTY !== true) {
    throw new AppError('usage.invalid', '--ask asks on a terminal, and standard input is none');
  }
  stderr.write('Go on? [y/N] ');
  const lines = createInterface({ input: stdin, signal });
  try {
    const { value, done } = await lines[Symbol.asyncIterator]().next();
    if (signal.aborted) throw new AppError('interrupted', 'interrupted while asking');
    return done !== true && /^y(es)?$/i.test(value.trim());
  } finally {
    lines.close();
  }
}
