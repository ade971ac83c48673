/**
 * Events as they happen, as server-sent events: `id` counts them, `event` is the type, `data` the event as JSON. Who
 * comes back with `Last-Event-ID` hears what he missed, as far as it is remembered; `lost` says how many were not.
 * An event is encoded once for all listeners; one who does not take them holds none in memory.
 */

import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import type { NumberedEvent } from '../../../ci/event-hub.ts';
import type { ServerEvent } from '../../../events/event.ts';
import type { ApiDeps } from '../../api-deps.ts';
import { streamBytes } from '../../http/stream-bytes.ts';
import { withHeartbeat } from '../../http/with-heartbeat.ts';
import { errors } from '../replies.ts';
import type { V1 } from '../v1.ts';

const list = (what: string) =>
  z
    .string()
    .max(1000)
    .transform((text) => new Set(text.split(',').filter((item) => item !== '')))
    .optional()
    .meta({ type: 'string', description: what });

const getEvents = createRoute({
  method: 'get',
  path: '/events',
  summary: 'What happens, as it happens',
  request: {
    query: z.object({
      types: list('Only events of these types, separated by commas; a type may end in `*`.'),
      project: z.string().max(255).optional().meta({ description: 'Only those of this project.' }),
      jobset: z.string().max(255).optional().meta({ description: 'Only those of this jobset.' }),
    }),
  },
  responses: {
    200: { description: 'Server-sent events.', content: { 'text/event-stream': { schema: z.string() } } },
    ...errors,
  },
});

const encoder = new TextEncoder();
const frames = new WeakMap<NumberedEvent, Uint8Array>();
const heartbeat = encoder.encode(':\n\n');

export function addEventRoute(app: V1, { ci, heartbeatMs = 15_000 }: ApiDeps): void {
  app.openapi(getEvents, (c) => {
    const { types, project, jobset } = c.req.valid('query');
    const lastId = /^\d{1,16}$/.exec(c.req.header('Last-Event-ID') ?? '')?.[0];
    const wants = (event: ServerEvent): boolean =>
      (types === undefined || types.size === 0 || matches(types, event.type)) &&
      (project === undefined || ('project' in event && event.project === project)) &&
      (jobset === undefined || ('jobset' in event && event.jobset === jobset));
    c.header('Content-Type', 'text/event-stream');
    c.header('Cache-Control', 'no-store');
    c.header('X-Accel-Buffering', 'no');
    return c.body(
      streamBytes(async function* (signal) {
        // Before the client can know that it is heard: what it does then must not be missed.
        const events = ci.events.listen({
          signal,
          lastId: lastId === undefined ? undefined : Number(lastId),
          wants,
        });
        // Headers go out at once, not with the first event.
        yield heartbeat;
        for await (const event of withHeartbeat(events, heartbeatMs, signal)) {
          yield event === 'heartbeat' ? heartbeat : encode(event);
        }
      }),
    );
  });
}

function matches(types: ReadonlySet<string>, type: string): boolean {
  if (types.has(type)) return true;
  return [...types].some((wanted) => wanted.endsWith('*') && type.startsWith(wanted.slice(0, -1)));
}

function encode(event: NumberedEvent | { readonly lost: number }): Uint8Array {
  if ('lost' in event) return encoder.encode(`event: lost\ndata: ${JSON.stringify(event)}\n\n`);
  const known = frames.get(event);
  if (known !== undefined) return known;
  const frame = encoder.encode(`id: ${event.id}\nevent: ${event.event.type}\ndata: ${event.json}\n\n`);
  frames.set(event, frame);
  return frame;
}
