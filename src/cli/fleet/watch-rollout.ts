/** Shows a rollout of a server until it has ended, however often the connection breaks, and then what became of it. */

import { rolloutDetails } from '../../api/v1/schemas/rollout.ts';
import type { ServerEvent } from '../../events/event.ts';
import { printable } from '../../util/printable.ts';
import type { ApiClient } from '../client/api-client.ts';
import { followEvents } from '../client/follow-events.ts';
import { type CliContext, printResult, say } from '../context.ts';
import { type RolloutDetails, renderRolloutHosts, stateOf } from './render-rollout.ts';

const tailLines = 20;

/** The exit code: 0, 4 where something is not quite as planned, 1 where it failed. */
export async function watchRollout(context: CliContext, client: ApiClient, id: string): Promise<number> {
  const ended = await untilEnded(context, client, id);
  const lines = renderRolloutHosts(ended);
  const tails = await tailsOf(client, ended);
  const last = `rollout ${id}: ${stateOf(ended)}${ended.message === null ? '' : `: ${ended.message}`}`;
  for (const line of tails) say(context, line);
  printResult(context, [...lines, '', last].join('\n'), { rollout: ended });
  if (ended.result === 'succeeded') return 0;
  return ended.result === 'degraded' ? 4 : 1;
}

async function untilEnded(
  { signal, emit, ...context }: CliContext,
  client: ApiClient,
  id: string,
): Promise<RolloutDetails> {
  const get = () => client.get(`/api/v1/rollouts/${id}`, rolloutDetails);
  for await (const told of followEvents({ client, signal })) {
    if (told.type === 'event') {
      if (!isOf(told.event, id)) continue;
      emit(told.event);
      if (told.event.type !== 'rollout.ended') continue;
    } else if (told.type === 'disconnected') {
      say({ ...context, signal, emit }, `${told.why}; trying again`);
      continue;
    }
    // Connected, perhaps anew, or its end was told: what the server keeps of it is what counts.
    const now = await get();
    if (now.state === 'ended') return now;
  }
  return get();
}

function isOf(event: ServerEvent, id: string): boolean {
  return 'rollout' in event && event.rollout === id;
}

async function tailsOf(client: ApiClient, { id, hosts }: RolloutDetails): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const { host, result } of hosts) {
    if (result !== 'failed' && result !== 'rolled-back') continue;
    const path = `/api/v1/rollouts/${id}/hosts/${encodeURIComponent(host)}/log?tail=${tailLines}`;
    const pieces: Uint8Array[] = [];
    try {
      for await (const piece of await client.open(path)) pieces.push(piece);
    } catch {
      // A host that nothing was done on has no log; its message says all there is.
      continue;
    }
    const text = Buffer.concat(pieces).toString('utf8').trimEnd();
    lines.push(`last lines of ${host}:`, ...text.split('\n').map((line) => `  | ${printable(line)}`));
  }
  return lines;
}
