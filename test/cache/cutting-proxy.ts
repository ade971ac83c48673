/** A line that is cut: passes everything on to a cache, but breaks the first download after so many bytes. */

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface CuttingProxy extends AsyncDisposable {
  readonly port: number;
  readonly cuts: number;
  /** The `Range` headers that passed. */
  readonly ranges: readonly string[];
}

export async function startCuttingProxy(port: number, cutAfter: number): Promise<CuttingProxy> {
  const state = { cuts: 0, ranges: [] as string[] };
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    let bytes = 0;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (data) => {
      state.ranges.push(...[...data.toString().matchAll(/^range: (.*?)\r$/gim)].map(([, range]) => range!));
      upstream.write(data);
    });
    upstream.on('data', (data) => {
      bytes += data.length;
      if (state.cuts > 0 || bytes < cutAfter) {
        client.write(data);
        return;
      }
      state.cuts += 1;
      client.end();
      upstream.destroy();
    });
  });
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    get cuts() {
      return state.cuts;
    },
    ranges: state.ranges,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
