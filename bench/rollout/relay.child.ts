/**
 * A relay that makes a way longer, in a process of its own: what goes through it takes `DELAY` milliseconds longer in
 * each direction, and connecting a whole round trip.
 *
 *   node relay.child.ts DELAY HOST:PORT …
 *
 * Prints a line of JSON with the ports of 127.0.0.1 that lead to them, and ends when its input does.
 */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What may be under way in one direction. */
const mostBytes = 32 * 1024 * 1024;

const [delayText = '', ...targets] = process.argv.slice(2);
const delayMs = Number(delayText);

function carry(from: Socket, to: Socket): void {
  const queue: { readonly due: number; readonly chunk: Buffer | undefined }[] = [];
  let bytes = 0;
  let timer: NodeJS.Timeout | undefined;
  const deliver = (): void => {
    timer = undefined;
    for (let first = queue[0]; first !== undefined; first = queue[0]) {
      const wait = first.due - performance.now();
      if (wait > 0) {
        timer = setTimeout(deliver, wait);
        return;
      }
      queue.shift();
      if (first.chunk === undefined) {
        to.end();
        return;
      }
      bytes -= first.chunk.length;
      if (bytes < mostBytes) from.resume();
      if (!to.write(first.chunk)) {
        to.once('drain', deliver);
        return;
      }
    }
  };
  const add = (chunk: Buffer | undefined): void => {
    queue.push({ due: performance.now() + delayMs, chunk });
    if (queue.length === 1 && timer === undefined && !to.writableNeedDrain) deliver();
  };
  from.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes >= mostBytes) from.pause();
    add(chunk);
  });
  from.on('end', () => add(undefined));
  for (const event of ['error', 'close'])
    from.on(event, () => from.destroyed && !from.readableEnded && to.destroy());
}

const ports: number[] = [];
for (const target of targets) {
  const [host = '', port = ''] = target.split(':');
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    client.on('error', () => {});
    setTimeout(() => {
      const there = connect({ host, port: Number(port), allowHalfOpen: true, noDelay: true });
      there.on('error', () => client.destroy());
      carry(client, there);
      carry(there, client);
    }, 2 * delayMs);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ports.push((server.address() as AddressInfo).port);
}
process.stdout.write(`${JSON.stringify(ports)}\n`);
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
