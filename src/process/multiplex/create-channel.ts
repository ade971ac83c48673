/**
 * A command in a channel of SSH's connection protocol (RFC 4254 §5, §6), seen from our side.
 *
 * opening -> open -> closing -> over. It is open once the other side has confirmed it; a refusal makes it over. Either side
 * closes it: the other one when the command has ended, we when we leave it to itself. It is over when both have, or when
 * the connection is gone; its number is not used again before. What still comes for one that we have closed is thrown away.
 *
 * Both sides say how much may be sent to them. We let come what is read here: a reader that stops, stops the other side.
 */

import { Readable, Writable } from 'node:stream';
import type { ProcessExit, RunningCommand } from '../running-command.ts';
import { fieldReader, type MessageNumber, message, sshString, uint32 } from './frames.ts';

export interface Wire {
  /** Sends a message to a channel over there. False: wait for `drained`. */
  send(number: MessageNumber, channel: number, ...parts: readonly Uint8Array[]): boolean;
  /** Called once, as soon as more can be sent. */
  drained(listener: () => void): void;
}

export interface Channel {
  readonly command: RunningCommand;
  /** Settles when it may be used; undefined, or why the other side refused it. */
  readonly opened: Promise<string | undefined>;
  /** Takes a message for it; `content` begins after the channel's number. Throws RangeError for what makes no sense. */
  receive(number: number, content: Buffer): void;
  /** Nothing will come any more; `why` is added to its standard error. */
  lost(why: string): void;
}

export const windowBytes = 2 * 1024 * 1024;
export const packetBytes = 32 * 1024;
/** Small enough for the window never to run dry, large enough not to be told all the time. */
const adjustBytes = 256 * 1024;
const readAhead = 512 * 1024;
const stderrData = 1;

/** `commandLine` is read by the login shell. `onOver` is told once. */
export function createChannel(wire: Wire, commandLine: string, onOver: () => void): Channel {
  let state: 'opening' | 'open' | 'closing' | 'over' = 'opening';
  let there = -1;
  let room = 0;
  let mostBytes = 0;
  let owed = 0;
  let exit: ProcessExit = { code: null, signal: null };
  let isFull = false;
  /** What could not be sent yet. */
  let pending: { rest: Uint8Array; done: (error?: Error) => void } | undefined;
  const opening = Promise.withResolvers<string | undefined>();
  const exiting = Promise.withResolvers<ProcessExit>();

  const pump = (): void => {
    while (state === 'open' && pending !== undefined && !isFull) {
      const { rest, done } = pending;
      const size = Math.min(rest.length, room, mostBytes);
      if (size === 0 && rest.length > 0) return;
      room -= size;
      pending = size === rest.length ? undefined : { rest: rest.subarray(size), done };
      if (size > 0 && !wire.send(message.data, there, uint32(size), rest.subarray(0, size))) {
        isFull = true;
        wire.drained(() => {
          isFull = false;
          if (size === rest.length) done();
          pump();
        });
      } else if (size === rest.length) done();
    }
  };
  let isEnded = false;
  const sendEnd = (): void => {
    if (state !== 'open' || isEnded) return;
    isEnded = true;
    wire.send(message.eof, there);
  };
  const stdin = new Writable({
    highWaterMark: readAhead,
    write(chunk: Uint8Array, _, done) {
      if (state === 'closing' || state === 'over') return done(brokenPipe());
      pending = { rest: chunk, done };
      pump();
    },
    final(done) {
      sendEnd();
      done();
    },
    // As with a pipe: the other side sees the end, whether all was written or not.
    destroy(error, done) {
      pending = undefined;
      sendEnd();
      done(error);
    },
  });
  // The exit says what happened, not an EPIPE that nobody awaits.
  stdin.on('error', () => {});

  const give = (bytes: number): void => {
    owed += bytes;
    if (owed < adjustBytes || state !== 'open') return;
    wire.send(message.windowAdjust, there, uint32(owed));
    owed = 0;
  };
  const output = (): { readonly stream: Readable; readonly push: (data: Buffer) => void } => {
    let unread = 0;
    const stream = new Readable({
      highWaterMark: readAhead,
      read() {
        give(unread);
        unread = 0;
      },
    });
    stream.on('error', () => {});
    const push = (data: Buffer): void => {
      // One that nobody wants any more takes no room.
      if (stream.destroyed || stream.push(data)) give(data.length);
      else unread += data.length;
    };
    return { stream, push };
  };
  const stdout = output();
  const stderr = output();
  const endOutput = (): void => {
    for (const { stream } of [stdout, stderr])
      if (!stream.readableEnded && !stream.destroyed) stream.push(null);
  };

  const finish = (): void => {
    if (state === 'over') return;
    state = 'over';
    endOutput();
    stdin.destroy();
    exiting.resolve(exit);
    opening.resolve('the connection is gone');
    onOver();
  };
  const kill = async (): Promise<void> => {
    if (state === 'open') {
      wire.send(message.close, there);
      state = 'closing';
    }
    exiting.resolve(exit);
    for (const stream of [stdin, stdout.stream, stderr.stream]) stream.destroy();
  };

  const onRequest = (content: Buffer): void => {
    const fields = fieldReader(content);
    const type = fields.string().toString('latin1');
    const wantsReply = fields.byte() !== 0;
    if (type === 'exit-status') exit = { code: fields.uint32(), signal: null };
    else if (type === 'exit-signal') exit = { code: null, signal: signalName(fields.string()) };
    // sshd asks for something that we don't have, to see whether we are there.
    if (wantsReply) wire.send(message.failure, there);
  };

  return {
    command: {
      stdin,
      stdout: stdout.stream,
      stderr: stderr.stream,
      exited: exiting.promise,
      kill,
      [Symbol.asyncDispose]: kill,
    },
    opened: opening.promise,
    receive(number, content) {
      const fields = fieldReader(content);
      switch (number) {
        case message.openConfirmation:
          there = fields.uint32();
          room = fields.uint32();
          mostBytes = Math.min(fields.uint32(), packetBytes);
          state = 'open';
          // Whether it is taken need not be awaited: what is sent goes to the command or nowhere.
          wire.send(message.request, there, sshString('exec'), Buffer.of(1), sshString(commandLine));
          opening.resolve(undefined);
          pump();
          return;
        case message.openFailure:
          fields.uint32();
          opening.resolve(fields.string().toString('utf8') || 'it opens no session');
          finish();
          return;
        case message.windowAdjust:
          room += fields.uint32();
          pump();
          return;
        case message.data:
          stdout.push(fields.string());
          return;
        case message.extendedData:
          if (fields.uint32() === stderrData) stderr.push(fields.string());
          return;
        case message.eof:
          endOutput();
          return;
        case message.close:
          if (state === 'open') wire.send(message.close, there);
          finish();
          return;
        case message.request:
          onRequest(content);
          return;
        case message.failure:
          stderr.push(Buffer.from('the other side runs no commands\n'));
          void kill();
          return;
        default:
          return;
      }
    },
    lost(why) {
      if (state === 'open') stderr.push(Buffer.from(`${why}\n`));
      finish();
    },
  };
}

/** What comes from there is shown to people. */
function signalName(said: Buffer): string {
  const name = said.toString('latin1');
  return /^[A-Z0-9]{1,16}$/.test(name) ? `SIG${name}` : 'an unknown signal';
}

function brokenPipe(): Error {
  return Object.assign(new Error('the command has ended'), { code: 'EPIPE' });
}
