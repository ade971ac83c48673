/**
 * Adding paths to the store of another machine from a stream that is packed, so that its bytes can be made once for many
 * machines. Over there a shell unpacks it for a daemon: a line with a number of bytes, then so many bytes of Zstandard, and
 * so on until the end. A daemon takes the end of its input for a client that has gone, so the end comes only after its last
 * answer; each part has a `zstd` of its own, because one that waits for more holds back what it has.
 *
 * All that a client says is sent at once, the greeting and an operation for each path with its content; what the daemon
 * answers comes back unpacked. We greet as version 1.32, our oldest, whose bytes every daemon understands.
 */

import { Readable } from 'node:stream';
import { zstdCompressSync } from 'node:zlib';
import { AppError } from '../util/app-error.ts';
import { addToStoreNar } from './ops/add.ts';
import { protocolError } from './protocol-error.ts';
import { drainStderr } from './stderr-loop.ts';
import type { AddOptions, PathInfo } from './store.ts';
import type { Transport } from './transport.ts';
import { WireEncoder } from './wire-encoder.ts';
import { WireReader } from './wire-reader.ts';
import { WireWriter } from './wire-writer.ts';

/** What comes before the frames of a NAR: the operation, without a check of signatures where we may ask for that. */
export function packedStart(info: PathInfo): Uint8Array {
  const incoming = { info: { ...info, ultimate: false }, nar: () => noNar };
  const request = addToStoreNar(incoming, { withoutSignatureCheck: true });
  const encoder = new WireEncoder().u64(request.op);
  request.write(encoder);
  return encoder.take();
}

const noNar: AsyncIterable<Uint8Array> = Readable.from([]);
/** Each costs the other machine two processes; until it is full it waits here. */
const partBytes = 1024 * 1024;
const greetingVersion = 256 + 32;
const clientMagic = 0x6e697863;
const daemonMagic = 0x6478696f;
/** What the script says when it cannot do it, on standard error. */
const cannotUnpack = 'proteus: no zstd here';

export interface PackedImport extends Pick<AddOptions, 'signal' | 'onLog'> {
  /** Of the store, for messages. */
  readonly name: string;
  readonly count: number;
  /** See `Store.addPacked`. */
  readonly packed: AsyncIterable<Uint8Array>;
}

/** For sh: `daemon` is quoted already. */
export function unpackingScript(daemon: string): string {
  return `command -v zstd >/dev/null || { echo ${JSON.stringify(cannotUnpack)} >&2; exit 3; }; while read -r bytes; do head -c "$bytes" | zstd -dcq || exit 1; done | ${daemon}`;
}

/**
 * False when the other machine has no `zstd`. The transport is closed in any case. Throws `store.refused` with what the
 * daemon says, `store.unreachable` and `interrupted`.
 */
export async function addPacked(transport: Transport, options: PackedImport): Promise<boolean> {
  const { name, signal } = options;
  const what = `adding ${options.count} paths`;
  const reader = new WireReader(transport.input);
  const writer = new WireWriter(transport.output);
  const onAbort = (): void => void transport.destroy();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    if (signal?.aborted) throw new AppError('interrupted', `interrupted: ${what} on ${name}`);
    const state = { isLast: false };
    const sending = send(writer, options, state);
    const answer = readAnswer(reader, options);
    // Both are awaited below, one after the other: what fails meanwhile must not count as unhandled.
    sending.catch(() => {});
    answer.catch(() => {});
    try {
      await Promise.race([sending, answer]);
      if (!state.isLast) throw protocolError('the daemon answered before it had all that was to be sent');
    } catch (error) {
      // When it hung up while we were sending, it may have said why.
      if (error === writer.closed) await answer;
      throw error;
    }
    await sending;
    await answer;
    await transport.close();
    return true;
  } catch (error) {
    if (signal?.aborted)
      throw new AppError('interrupted', `interrupted: ${what} on ${name}`, { cause: error });
    if (!(error instanceof AppError)) throw error;
    if (error.code === 'store.refused') {
      throw new AppError(error.code, `${name}, ${what}: ${error.message}`, { cause: error });
    }
    if (error !== reader.ended && error !== writer.closed) throw error;
    const said = await transport.diagnostics();
    if (said.includes(cannotUnpack)) return false;
    throw new AppError('store.unreachable', `${name}, ${what}: ${error.message}${said && `\n${said}`}`, {
      cause: error,
    });
  } finally {
    signal?.removeEventListener('abort', onAbort);
    await transport.destroy();
  }
}

/** `state.isLast` is set before the last part goes: its answer may come before the stream tells that it has gone. */
async function send(writer: WireWriter, { packed }: PackedImport, state: { isLast: boolean }): Promise<void> {
  const greeting = new WireEncoder().u64(clientMagic).u64(greetingVersion).u64(0).u64(0);
  let part: Uint8Array[] = [zstdCompressSync(greeting.take())];
  let bytes = part[0]?.length ?? 0;
  const sendPart = async (): Promise<void> => {
    await writer.send(Buffer.from(`${bytes}\n`));
    for (const frame of part) await writer.send(frame);
    part = [];
    bytes = 0;
  };
  for await (const frame of packed) {
    part.push(frame);
    bytes += frame.length;
    if (bytes >= partBytes) await sendPart();
  }
  state.isLast = true;
  if (bytes > 0) await sendPart();
}

async function readAnswer(reader: WireReader, { count, onLog }: PackedImport): Promise<void> {
  if ((await reader.u64()) !== daemonMagic) throw protocolError('no Nix daemon answers there');
  // Its version, which is the same as on every other connection.
  await reader.u64();
  await drainStderr(reader, onLog);
  for (let done = 0; done < count; done += 1) await drainStderr(reader, onLog);
}
