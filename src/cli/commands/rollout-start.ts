/** `proteus rollout start PROJECT/JOBSET[#EVAL]`: rolls out what a server built; the server does it. */

import { type Command, Option } from 'commander';
import { rolloutDetails, rolloutPlan } from '../../api/v1/schemas/rollout.ts';
import { switchActions } from '../../deploy/deploy-plan.ts';
import { parsePlan } from '../../deploy/rollout/plan-schema.ts';
import { connectToServer, type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult, say } from '../context.ts';
import { parseEvaluationName } from '../fleet/evaluation-name.ts';
import { watchRollout } from '../fleet/watch-rollout.ts';
import { type SelectorFlags, withSelectors } from '../network-options.ts';
import { describePlan } from '../rollouts/describe-plan.ts';
import {
  policyOf,
  type RolloutFlags,
  withActivationFlags,
  withOrderFlags,
} from '../rollouts/rollout-flags.ts';

interface Flags extends ServerFlags, SelectorFlags, RolloutFlags {
  readonly action: string;
  readonly uploadSecrets?: boolean;
  readonly reboot?: boolean;
  readonly skipPreDeployChecks?: boolean;
  readonly skipHealthChecks?: boolean;
  readonly force?: boolean;
  readonly why?: string;
  readonly yes?: boolean;
  readonly watch: boolean;
  readonly dryRun?: boolean;
}

function withStartFlags(command: Command): Command {
  const asked = command
    .argument('<jobset>', 'what is rolled out: PROJECT/JOBSET, or PROJECT/JOBSET#EVALUATION')
    .addOption(
      new Option('--action <action>', 'what hosts do with their new system')
        .choices([...switchActions, 'push'])
        .default('switch'),
    );
  return withServerFlags(withActivationFlags(withOrderFlags(withSelectors(asked))))
    .option('--upload-secrets', 'upload the secrets of the hosts, out of the folder of the server')
    .option('--reboot', 'reboot hosts after their activation')
    .option('--skip-pre-deploy-checks', 'do without the checks before')
    .option('--skip-health-checks', 'do without the checks after')
    .option('--force', 'activate also what a host runs already')
    .option('--why <text>', 'the reason, for those who look at the rollout later')
    .option('--dry-run', 'say what would be planned, and keep nothing')
    .option('--yes', 'approve it at once, and watch it')
    .option('--no-watch', 'with --yes: do not wait for its end');
}

export const define: CommandModule['define'] = (command, run) => {
  withStartFlags(command)
    .addHelpText(
      'after',
      `
Nothing is evaluated or built: hosts get what the server built for the evaluation. Hosts whose build did not succeed and
cordoned ones are left out. The rollout waits until somebody approves it, unless --yes does.

Examples:
  proteus rollout start fleet/main --canary 1 --soak 10m
  proteus rollout start fleet/main#42 --on 'web*' --yes
`,
    )
    .action((jobset: string, flags: Flags) => {
      run(async (context) => {
        const { project, jobset: name, evaluation } = parseEvaluationName(jobset);
        const { on, tagged, every, skip, limit, orderByTags, dryRun = false } = flags;
        const request = {
          project,
          jobset: name,
          evaluation,
          action: flags.action,
          selectors: { on, tagged, every, skip, limit, orderByTags },
          policy: policyOf(flags),
          waves: { canary: flags.canary, sizes: flags.waves, byTag: flags.wavesByTag },
          uploadSecrets: flags.uploadSecrets,
          reboot: flags.reboot,
          skipPreDeployChecks: flags.skipPreDeployChecks,
          skipHealthChecks: flags.skipHealthChecks,
          force: flags.force,
          why: flags.why,
          dryRun,
        };
        const client = await connectToServer(context, flags);
        const address = '/api/v1/rollouts';
        const made = dryRun ? undefined : await client.send('POST', address, request, rolloutDetails);
        const planned = made ?? (await client.send('POST', address, request, rolloutPlan));
        const plan = describePlan(parsePlan(planned.plan, `the plan of ${client.url}`));
        const leftOut = planned.leftOut.map(({ host, why }) => `${host} is left out: ${why}`);
        for (const line of [...plan, ...leftOut]) say(context, line);
        if (made === undefined) {
          printResult(context, 'nothing was kept: a dry run', { ...planned });
          return 0;
        }
        const { id } = made;
        if (!flags.yes) {
          const next = `approve it with: proteus rollout approve ${id}`;
          printResult(context, `rollout ${id} is planned; ${next}`, { rollout: made });
          return 0;
        }
        const approved = await client.send(
          'POST',
          `/api/v1/rollouts/${id}/approve`,
          undefined,
          rolloutDetails.pick({ id: true, state: true }),
        );
        if (flags.watch) return watchRollout(context, client, id);
        printResult(context, `rollout ${id} has begun`, { rollout: { ...made, ...approved } });
        return 0;
      });
    });
};
