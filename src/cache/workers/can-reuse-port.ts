/** Whether the kernel lets several processes listen on one port and shares connections out between them. */

import { once } from 'node:events';
import { createServer } from 'node:net';

/** Tried on a free port of that address. An address that cannot be had is told of by whoever listens on it. */
export async function canReusePort(host: string): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ host, port: 0, reusePort: true });
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    if (server.listening) {
      server.close();
      await once(server, 'close');
    }
  }
}
