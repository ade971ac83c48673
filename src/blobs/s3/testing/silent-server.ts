/** A server that accepts connections and answers what it is told, for tests: at first an empty list, as S3 has it. */

import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { S3Place } from '../parse-s3-url.ts';

const emptyList = '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>';

export interface SilentServer extends AsyncDisposable {
  readonly url: string;
  /** What each request is answered with; nothing when it is empty. */
  answers: string;
  /** Method and path of each. */
  requests: string[];
  /** Connections that are open. */
  readonly sockets: ReadonlySet<Socket>;
  place(timeoutMs: number): S3Place;
}

/** An answer, or the beginning of one that should have `length` bytes. */
export function xmlAnswer(body: string, length = body.length): string {
  return `HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: ${length}\r\n\r\n${body}`;
}

export async function startSilentServer(): Promise<SilentServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      const [line] = /^[A-Z]+ \S+(?= HTTP)/.exec(chunk.toString('latin1')) ?? [];
      if (line === undefined) return; // More of a body.
      silent.requests.push(line);
      socket.write(silent.answers);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const url = `http://127.0.0.1:${address.port}`;
  const silent: SilentServer = {
    url,
    answers: xmlAnswer(emptyList),
    requests: [],
    sockets,
    place: (timeoutMs) => ({
      ...{ endpoint: url, bucket: 'nars', prefix: '', region: 'us-east-1' },
      ...{ timeoutMs, accessKeyId: 'a', secretAccessKey: 'b' },
    }),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return silent;
}
