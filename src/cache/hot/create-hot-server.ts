/**
 * The cache's front door: a plain TCP server that answers narinfo requests out of ready buffers, and tells a server in front
 * which file to send, several times faster than `node:http` can, and hands every other connection to `node:http`.
 *
 * A connection is `fast` at first: requests that `fast-request.ts` recognises are answered in order, any number of them
 * in one piece of input. At the first byte of anything else (also of a request that is not all there yet) it is handed
 * over for good: what is not answered yet is put back in front of it, and the HTTP server takes it as a new connection
 * of its own. Its limits and time-outs then hold, slow and malformed senders included. The same happens when an answer is
 * not there at once.
 *
 * Its connections read into one buffer where that can be had (`read-in-place.ts`); what is kept of it is copied.
 *
 * Nothing is read from a client that does not take its answers (back-pressure), and one that sends nothing for
 * `idleTimeoutMs`, or takes nothing for so long, is closed.
 */

import type { Server as HttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { bytesOf, type DatedResponse, httpClock } from './dated-response.ts';
import { type FastRequest, fastRequest, type HeaderMemory } from './fast-request.ts';
import type { HotAnswers } from './hot-answers.ts';
import { keepAliveMs } from './keep-alive.ts';
import { readInPlace } from './read-in-place.ts';

export interface HotServerOptions {
  /** Takes the connections that are handed over; it does not listen itself. */
  readonly http: HttpServer;
  readonly answers: HotAnswers;
  /** Default: as the answers say it. */
  readonly idleTimeoutMs?: number;
  /** Read without a new buffer each time, where this Node lets it (`read-in-place.ts`). Default true. */
  readonly inPlace?: boolean;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

interface Connection {
  readonly socket: Socket;
  readonly memory: HeaderMemory;
  /** What it reads must be copied to be kept. */
  readonly inPlace: boolean;
  /** Not handed over yet. */
  isFast: boolean;
  readonly closed: () => void;
}

/** That no connection has sent, as none are enough. */
const noHeaders = new Uint8Array(0);

export interface HotServer {
  /** To listen with; connections go through the front door. */
  readonly server: Server;
  /** Ends connections that wait for a request, once what was answered is out. Those that were handed over, too. */
  closeIdleConnections(): void;
  /** Ends every connection, those that were handed over too. */
  closeAllConnections(): void;
}

export function createHotServer(options: HotServerOptions): HotServer {
  const { http, answers, idleTimeoutMs = keepAliveMs, inPlace = true, now = Date.now } = options;
  const clock = httpClock(now);
  /** What was recognised last: one is answered at a time. */
  const request: FastRequest = { kind: 'narinfo', head: false, nameAt: 0, nameEnd: 0, end: 0 };
  const sockets = new Set<Socket>();
  const handedOver = new Set<Socket>();
  // An HTTP server watches over its connections' time limits from when it listens, which this one never does, until it
  // is closed.
  http.emit('listening');

  const handOver = (connection: Connection, rest: Buffer): void => {
    const { socket } = connection;
    connection.isFast = false;
    socket.removeAllListeners();
    sockets.delete(socket);
    handedOver.add(socket);
    socket.on('close', connection.closed);
    socket.setTimeout(0);
    socket.pause();
    if (rest.length > 0) socket.unshift(rest);
    http.emit('connection', socket);
    socket.resume();
  };

  const answerTo = (buffer: Buffer): DatedResponse | undefined => {
    if (request.kind === 'narinfo') return answers.narinfo(buffer, request.nameAt);
    if (request.kind === 'nar-file') return answers.narFile(buffer, request.nameAt, request.nameEnd);
    return answers.cacheInfo();
  };

  /** Answers what was read; true when more may be read now. */
  const answer = (connection: Connection, buffer: Buffer, length: number): boolean => {
    const { socket, memory } = connection;
    clock.tick();
    let at = 0;
    let pending: Buffer | undefined;
    let corked = false;
    while (at < length && fastRequest(buffer, at, length, memory, request)) {
      const answer = answerTo(buffer);
      if (answer === undefined) break;
      if (pending !== undefined) {
        // More than one: they leave in one system call.
        if (!corked) socket.cork();
        corked = true;
        socket.write(pending);
      }
      pending = bytesOf(answer, clock, request.head);
      at = request.end;
    }
    const taken = pending === undefined || socket.write(pending);
    if (corked) socket.uncork();
    if (at === length) return taken;
    const rest = buffer.subarray(at, length);
    handOver(connection, connection.inPlace ? Buffer.from(rest) : rest);
    return true;
  };

  const welcome = (accepted: Socket): void => {
    const take = (buffer: Buffer, length: number): boolean =>
      connection.isFast
        ? answer(connection, buffer, length)
        : connection.socket.push(Buffer.from(buffer.subarray(0, length)));
    const second = inPlace ? readInPlace(accepted, take) : undefined;
    const socket = second ?? accepted;
    const connection: Connection = {
      socket,
      memory: { approved: noHeaders },
      inPlace: second !== undefined,
      isFast: true,
      closed() {
        sockets.delete(socket);
        handedOver.delete(socket);
        if (second !== undefined) accepted.destroy();
      },
    };
    sockets.add(socket);
    socket.setTimeout(idleTimeoutMs);
    socket.on('timeout', () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('close', connection.closed);
    socket.on('drain', () => socket.resume());
    if (second === undefined) {
      socket.on('data', (chunk: Buffer) => {
        if (!answer(connection, chunk, chunk.length)) socket.pause();
      });
    }
    socket.resume();
  };

  const server = createServer({ noDelay: true, keepAlive: true, pauseOnConnect: true }, welcome);
  server.on('close', () => http.close());
  return {
    server,
    closeIdleConnections() {
      for (const socket of sockets) socket.destroySoon();
      http.closeIdleConnections();
    },
    closeAllConnections() {
      for (const socket of [...sockets, ...handedOver]) socket.destroy();
    },
  };
}
