/** `proteus eval show ID`: an evaluation, its inputs, its hosts and its builds. */

import { z } from 'zod';
import { evaluationHostsReply, evaluation as evaluationSchema } from '../../api/v1/schemas/evaluation.ts';
import { AppError } from '../../util/app-error.ts';
import { formatDuration } from '../../util/format-duration.ts';
import type { ApiClient } from '../client/api-client.ts';
import { connectToServer, type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import { buildSchema } from '../client/hydra-schemas.ts';
import { parseId } from '../client/parse-id.ts';
import { renderBuilds } from '../client/render-builds.ts';
import { type EvaluationHosts, renderEvaluationHosts } from '../client/render-evaluation-hosts.ts';
import { renderFields } from '../client/render-fields.ts';
import { renderTable } from '../client/render-table.ts';
import type { CommandModule } from '../command-module.ts';
import { printResult } from '../context.ts';

/** Undefined when it is not one of a network. */
async function hostsOf(client: ApiClient, id: number): Promise<EvaluationHosts | undefined> {
  try {
    return await client.get(`/api/v1/evaluations/${id}/hosts`, evaluationHostsReply);
  } catch (error) {
    if (error instanceof AppError && error.code === 'api.not-found') return undefined;
    throw error;
  }
}

export const define: CommandModule['define'] = (command, run) => {
  withServerFlags(command.argument('<id>', 'number of the evaluation', parseId))
    .addHelpText('after', '\nExample:\n  proteus eval show 42\n')
    .action((id: number, flags: ServerFlags) => {
      run(async (context) => {
        const client = await connectToServer(context, flags);
        const evaluation = await client.get(`/api/v1/evaluations/${id}`, evaluationSchema);
        const builds = await client.get(`/eval/${id}/builds`, z.array(buildSchema));
        const fields = renderFields([
          ['evaluation', evaluation.id],
          ['jobset', `${evaluation.project}:${evaluation.jobset}`],
          ['state', evaluation.state],
          ['begun', new Date(evaluation.startedAt).toISOString()],
          ['fetching', formatDuration(evaluation.checkoutMs)],
          ['evaluating', formatDuration(evaluation.evaluationMs)],
          ['flake', evaluation.flake],
          ['error', evaluation.errorMessage],
        ]);
        const inputs = renderTable(
          ['input', 'type', 'value', 'revision'],
          evaluation.inputs.map(({ name, type, uri, value, revision }) => [
            name,
            type,
            uri ?? value,
            revision,
          ]),
          'no inputs',
        );
        const hosts = await hostsOf(client, id);
        const hostLines = hosts === undefined ? [] : [...renderEvaluationHosts(hosts), ''];
        const lines = [...fields, '', ...inputs, '', ...hostLines, ...renderBuilds(builds)];
        printResult(context, lines.join('\n'), { evaluation, builds, hosts: hosts?.hosts ?? null });
        return 0;
      });
    });
};
