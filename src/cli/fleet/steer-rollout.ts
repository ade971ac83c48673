/** `approve`, `pause`, `resume` and `abort`: the same for a rollout of a server. */

import type { Command } from 'commander';
import { rollout } from '../../api/v1/schemas/rollout.ts';
import { AppError } from '../../util/app-error.ts';
import { connectToServer, type ServerFlags, withServerFlags } from '../client/connect-to-server.ts';
import { type CliContext, printResult } from '../context.ts';
import { stateOf } from './render-rollout.ts';

export function withRolloutId(command: Command): Command {
  return withServerFlags(command.argument('<rollout>', 'its id, as `proteus rollout list` shows it'));
}

/** Throws `usage.invalid` for what cannot be one. */
export function rolloutPath(id: string): string {
  if (/^[a-z0-9-]{1,64}$/.test(id)) return `/api/v1/rollouts/${id}`;
  throw new AppError('usage.invalid', `wanted the id of a rollout, such as main-42-k3x9ab1; got '${id}'`);
}

export async function steerRollout(
  context: CliContext,
  flags: ServerFlags,
  id: string,
  action: 'approve' | 'pause' | 'resume' | 'abort',
): Promise<number> {
  const path = rolloutPath(id);
  const client = await connectToServer(context, flags);
  const now = await client.send('POST', `${path}/${action}`, undefined, rollout);
  printResult(context, `rollout ${id}: ${stateOf(now)}`, { rollout: now });
  return 0;
}
