/** The other end of a connection in memory, for what no real daemon can be made to do on demand. */

import { PassThrough } from 'node:stream';
import { stderrTag } from '../../src/store/stderr-loop.ts';
import type { Transport } from '../../src/store/transport.ts';
import type { WireEncoder } from '../../src/store/wire-encoder.ts';
import { WireReader } from '../../src/store/wire-reader.ts';
import { WireWriter } from '../../src/store/wire-writer.ts';

export interface ScriptedDaemon extends Transport {
  /** True once our side has been destroyed or closed. */
  readonly ended: () => 'closed' | 'destroyed' | undefined;
  /** Settles with the script. */
  readonly script: Promise<void>;
}

/** `hangUp` lets the client's writing fail, while what it was told can still be read. */
type Script = (reader: WireReader, writer: WireWriter, hangUp: () => void) => Promise<void>;

/** Runs `script` as the daemon; the streams end when it is done. */
export function scriptedDaemon(script: Script, said = ''): ScriptedDaemon {
  const toDaemon = new PassThrough({ highWaterMark: 16 * 1024 });
  const fromDaemon = new PassThrough({ highWaterMark: 16 * 1024 });
  let ended: 'closed' | 'destroyed' | undefined;
  const running = script(new WireReader(toDaemon), new WireWriter(fromDaemon), () =>
    toDaemon.destroy(new Error('EPIPE')),
  ).finally(() => fromDaemon.end());
  running.catch(() => {});
  const destroy = async (): Promise<void> => {
    ended ??= 'destroyed';
    toDaemon.destroy();
    fromDaemon.destroy();
  };
  return {
    input: fromDaemon,
    output: toDaemon,
    ended: () => ended,
    script: running,
    diagnostics: async () => said,
    close: async () => {
      ended ??= 'closed';
      await destroy();
    },
    destroy,
  };
}

/** The daemon's part of the greeting and of the first SetOptions, at version 1.`minor`. */
export async function greet(reader: WireReader, writer: WireWriter, minor = 38): Promise<void> {
  await shakeHands(reader, writer, minor);
  await takeSetOptions(reader, writer);
}

/** Its part of the greeting alone. */
export async function shakeHands(reader: WireReader, writer: WireWriter, minor = 38): Promise<void> {
  await reader.bytes(16);
  await writer
    .u64(0x6478696f)
    .u64(256 + minor)
    .flush();
  if (minor >= 38) {
    await reader.strings();
    await writer.strings(['some-feature']).flush();
  }
  await reader.bytes(16);
  if (minor >= 33) writer.string('2.99');
  if (minor >= 35) writer.u64(1);
  await writer.u64(stderrTag.last).flush();
}

/** Reads SetOptions and says yes. */
export async function takeSetOptions(reader: WireReader, writer: WireWriter): Promise<Map<string, string>> {
  const op = await reader.u64();
  if (op !== 19) throw new Error(`wanted SetOptions, got ${op}`);
  await reader.bytes(12 * 8);
  const settings = await reader.map(() => reader.string());
  await writer.u64(stderrTag.last).flush();
  return settings;
}

/** A refusal in the form of protocol 1.26. */
export function writeRefusal<T extends WireEncoder>(
  writer: T,
  message: string,
  traces: readonly string[] = [],
): T {
  writer
    .u64(stderrTag.error)
    .string('Error')
    .u64(0)
    .string('Error')
    .string(message)
    .u64(0)
    .u64(traces.length);
  for (const trace of traces) writer.u64(0).string(trace);
  return writer;
}
