/**
 * Shows what a server does, as it happens, until interrupted: first what is under way already, then every event. The
 * display is the one that the flags and the terminal ask for.
 */

import { runningEvaluations } from '../../api/v1/schemas/evaluation.ts';
import { pageOf } from '../../api/v1/schemas/paging.ts';
import { builder as builderSchema, server as serverSchema } from '../../api/v1/schemas/server.ts';
import type { ServerEvent, StepPhase } from '../../events/event.ts';
import { isStorePath, storePathName } from '../../nix/store-path.ts';
import { type CliContext, say } from '../context.ts';
import type { ApiClient } from './api-client.ts';
import { followEvents } from './follow-events.ts';

/** `begin`: done once it listens, so that nothing that comes of it is missed. Throws what that and the first connection throw. */
export async function watchServer(
  context: CliContext,
  client: ApiClient,
  begin: () => Promise<void> = async () => {},
): Promise<void> {
  const { signal, emit } = context;
  let connections = 0;
  for await (const told of followEvents({ client, signal })) {
    switch (told.type) {
      case 'event':
        emit(told.event);
        break;
      case 'lost':
        say(context, `the server has forgotten ${told.count} events meanwhile`);
        break;
      case 'disconnected':
        say(context, `${told.why}; trying again`);
        break;
      case 'connected': {
        connections += 1;
        if (connections > 1) {
          say(context, `connected again to ${client.url}`);
          break;
        }
        // What comes of `begin` is told by its events.
        const present = await askPresent(client);
        await begin();
        say(context, `watching ${client.url}`);
        showPresent(context, present);
        break;
      }
    }
  }
}

/** What is under way. */
async function askPresent(client: ApiClient) {
  const { counts } = await client.get('/api/v1/server', serverSchema);
  const { evaluations } = await client.get('/api/v1/evaluations/running', runningEvaluations);
  const builders = await client.get('/api/v1/builders?limit=1000', pageOf(builderSchema));
  return { counts, evaluations, builders };
}

type Present = Awaited<ReturnType<typeof askPresent>>;

function showPresent(context: CliContext, { counts, evaluations, builders }: Present): void {
  const number = counts.queuedBuilds;
  say(
    context,
    `${number === 1 ? '1 build is' : `${number} builds are`} queued, ${counts.runningSteps} steps run`,
  );
  for (const { project, jobset, evaluationId, phase } of evaluations) {
    context.emit({
      type: 'ci.evaluation.started',
      project,
      jobset,
      evaluation: evaluationId,
      phase: phase === 'fetching' ? 'fetching' : 'evaluating',
    });
  }
  for (const { name, running } of builders.items) {
    for (const { drvPath, phase } of running) {
      for (const event of stepUnderWay(drvPath, name, phase)) context.emit(event);
    }
  }
}

function stepUnderWay(drvPath: string, builder: string, phase: string): readonly ServerEvent[] {
  if (!isStorePath(drvPath)) return [];
  const name = storePathName(drvPath).replace(/\.drv$/, '');
  return [
    { type: 'step.started', drvPath, name, system: '', builder, emulated: false, attempt: 1 },
    // The server says its own phases.
    { type: 'step.phase', drvPath, phase: phase as StepPhase },
  ];
}
