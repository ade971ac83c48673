/**
 * Commands on another machine through the control socket of an OpenSSH master, without a process for each: the master is
 * told to be a proxy (`PROTOCOL.mux` of OpenSSH, since 7.4), and from then on takes the messages of SSH's connection
 * protocol from us. It encrypts, and keeps its clients apart.
 */

import { connect, type Socket } from 'node:net';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import type { RunningCommand } from '../running-command.ts';
import { type Channel, createChannel, packetBytes, type Wire, windowBytes } from './create-channel.ts';
import { createFrameReader, fieldReader, frame, message, messageStart, sshString, uint32 } from './frames.ts';

export interface Multiplexer {
  /**
   * Runs a command line, which the login shell reads. 'refused' when the other side lets no further session begin. `onOver`
   * is told once its place is free again, in any case.
   */
  exec(commandLine: string, onOver: () => void): Promise<RunningCommand | 'refused' | 'gone'>;
  /** Breaks off all commands. */
  close(): void;
}

/** So much waits here for the master; the more, the fewer and longer are our writes. */
const waitingBytes = 1024 * 1024;
const hello = 1;
const version = 4;
const proxy = 0x1000000f;
const proxyAccepted = 0x8000000f;

/**
 * `whyGone`: the master's last words, asked when it hangs up. Throws `store.unreachable` when nothing listens there, or what
 * does is no master that can be a proxy.
 */
export async function openMultiplexer(
  socketPath: string,
  whyGone: () => Promise<string>,
): Promise<Multiplexer> {
  const socket = connect({ path: socketPath });
  // Each channel may wait for room.
  socket.setMaxListeners(0);
  const channels = new Map<number, Channel>();
  let last = 0;
  let isGone = false;
  const wire: Wire = {
    send(number, channel, ...parts) {
      if (isGone) return true;
      const length = parts.reduce((sum, part) => sum + part.length, 0);
      socket.cork();
      socket.write(messageStart(number, channel, length));
      for (const part of parts) socket.write(part);
      socket.uncork();
      // More than a socket takes by itself, whose 'drain' comes once all of it has gone.
      return socket.writableLength < waitingBytes;
    },
    drained: (listener) => void socket.once('drain', listener),
  };

  const greeted = Promise.withResolvers<void>();
  const onGreeting = (content: Buffer): void => {
    const fields = fieldReader(content);
    const type = fields.uint32();
    if (type === hello && fields.uint32() === version) return;
    if (type !== proxyAccepted) throw new RangeError(`an answer of type ${type}`);
    onFrame = onMessage;
    greeted.resolve();
  };
  const onMessage = (content: Buffer): void => {
    const fields = fieldReader(content);
    fields.byte();
    const number = fields.byte();
    channels.get(fields.uint32())?.receive(number, content.subarray(6));
  };
  let onFrame = onGreeting;

  const end = (why: string): void => {
    isGone = true;
    socket.destroy();
    greeted.reject(
      new AppError('store.unreachable', `the ssh that logged in cannot be used: ${why}`, {
        hint: 'Its control socket must take further commands: that needs OpenSSH 7.4 or later on this machine.',
      }),
    );
    for (const channel of [...channels.values()]) channel.lost(why);
  };
  const read = createFrameReader((content) => onFrame(content));
  socket.on('data', (chunk: Buffer) => {
    try {
      read(chunk);
    } catch (error) {
      end(errorMessage(error));
    }
  });
  socket.on('error', (error) => end(error.message));
  socket.on('close', () => {
    isGone = true;
    void whyGone().then(end);
  });
  greet(socket);
  await greeted.promise;

  return {
    async exec(commandLine, onOver) {
      last += 1;
      const id = last;
      const channel = createChannel(wire, commandLine, () => {
        channels.delete(id);
        onOver();
      });
      channels.set(id, channel);
      if (isGone) channel.lost('');
      else {
        const sizes = [uint32(id), uint32(windowBytes), uint32(packetBytes)];
        socket.write(frame(Buffer.of(0, message.open), sshString('session'), ...sizes));
      }
      if ((await channel.opened) === undefined) return channel.command;
      return isGone ? 'gone' : 'refused';
    },
    close: () => end('it was closed'),
  };
}

function greet(socket: Socket): void {
  socket.write(frame(uint32(hello), uint32(version)));
  socket.write(frame(uint32(proxy), uint32(0)));
}
