/**
 * Adding paths to the store of another machine from a stream that is packed, so that its bytes can be made once for many
 * machines: `zstd -d | nix-daemon --stdio` over there. `zstd` waits until its buffer is full, so nothing can be asked and
 * answered on the way: all that a client says is sent at once, the greeting, one operation and its content, and then
 * the end. What the daemon answers comes back unpacked.
 *
 * We greet as version 1.37, which is the oldest that can take many paths at once, and where there are no further questions.
 */

import { zstdCompressSync } from 'node:zlib';
import { AppError } from '../util/app-error.ts';
import { addMultipleToStore, safeImport } from './ops/add.ts';
import { protocolError } from './protocol-error.ts';
import { drainStderr } from './stderr-loop.ts';
import type { AddOptions } from './store.ts';
import type { Transport } from './transport.ts';
import { WireEncoder } from './wire-encoder.ts';
import { WireReader } from './wire-reader.ts';
import { WireWriter } from './wire-writer.ts';

const clientMagic = 0x6e697863;
const daemonMagic = 0x6478696f;
/** What the script says when it cannot do it, on standard error. */
const cannotUnpack = 'proteus: no zstd here';

export interface PackedImport extends Pick<AddOptions, 'signal' | 'onLog' | 'withoutSignatureCheck'> {
  /** Of the store, for messages. */
  readonly name: string;
  readonly count: number;
  /** See `Store.addPacked`. */
  readonly packed: AsyncIterable<Uint8Array>;
}

/** For sh: `daemon` is quoted already. */
export function unpackingScript(daemon: string): string {
  return `command -v zstd >/dev/null || { echo ${JSON.stringify(cannotUnpack)} >&2; exit 3; }; zstd -dcq | ${daemon}`;
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
    const sending = send(writer, options);
    const answer = readAnswer(reader, options);
    // Both are awaited below, one after the other: what fails meanwhile must not count as unhandled.
    sending.catch(() => {});
    answer.catch(() => {});
    try {
      const first = await Promise.race([sending.then(() => 'sent'), answer]);
      if (first !== 'sent') throw protocolError('the daemon answered before it had all that was to be sent');
    } catch (error) {
      // When it hung up while we were sending, it may have said why.
      if (error === writer.closed) await answer;
      throw error;
    }
    transport.output.end();
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

async function send(writer: WireWriter, options: PackedImport): Promise<void> {
  const request = addMultipleToStore([], options);
  const head = new WireEncoder()
    .u64(clientMagic)
    .u64(256 + safeImport)
    .u64(0)
    .u64(0)
    .u64(request.op);
  request.write(head);
  // A frame of the stream that holds how many paths come.
  head.u64(8).u64(options.count);
  await writer.send(pack(head));
  for await (const frame of options.packed) await writer.send(frame);
  await writer.send(pack(new WireEncoder().u64(0)));
}

function pack(encoder: WireEncoder): Uint8Array {
  return zstdCompressSync(encoder.take());
}

async function readAnswer(reader: WireReader, { onLog }: PackedImport): Promise<'answered'> {
  const magic = await reader.u64();
  if (magic !== daemonMagic) throw protocolError('no Nix daemon answers there');
  // Its version, that of its Nix, and whether it trusts us: the same as on every other connection.
  await reader.u64();
  await reader.string();
  await reader.u64();
  await drainStderr(reader, onLog);
  await drainStderr(reader, onLog);
  return 'answered';
}
