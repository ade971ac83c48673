import type { ServerResponse } from 'node:http';

/** Fires when the answer has been sent, or its client has gone. */
export function untilClosed(res: ServerResponse): AbortSignal {
  const controller = new AbortController();
  res.once('close', () => controller.abort());
  return controller.signal;
}
