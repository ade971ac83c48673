/** A transport over a Unix socket, as nix-daemon listens on. */

import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../util/app-error.ts';
import type { Transport } from './transport.ts';

const goodbyeMs = 1000;

/** Connects to the socket; throws `store.unreachable` when nothing listens there, or `interrupted`. */
export async function connectSocket(
  path: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Transport> {
  if (options.signal?.aborted) throw new AppError('interrupted', `interrupted: connecting to ${path}`);
  const socket = connect({ path });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', (cause) =>
      reject(
        new AppError('store.unreachable', `nothing answers on the socket ${path}: ${cause.message}`, {
          cause,
        }),
      ),
    );
  });
  // Later errors reach whoever reads or writes.
  socket.on('error', () => {});
  const destroy = async (): Promise<void> => {
    socket.destroy();
    await closed;
  };
  return {
    input: socket,
    output: socket,
    diagnostics: async () => '',
    close: async () => {
      socket.end();
      socket.resume();
      const timer = new AbortController();
      await Promise.race([closed, delay(goodbyeMs, undefined, { signal: timer.signal }).catch(() => {})]);
      timer.abort();
      await destroy();
    },
    destroy,
  };
}
