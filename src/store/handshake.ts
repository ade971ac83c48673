/**
 * The first exchange on a connection: magic numbers, versions, features, and who we are to the daemon.
 *
 * We speak 1.32 (Nix 2.4) to 1.38 (since Nix 2.24). At 1.38 both sides name the features they know; we name none, so
 * that newer daemons keep to the encodings of 1.38 as they were.
 *
 * Source: libstore/worker-protocol-connection.cc, libstore/daemon.cc (`processConnection`).
 */

import { AppError } from '../util/app-error.ts';
import { protocolError } from './protocol-error.ts';
import { drainStderr } from './stderr-loop.ts';
import type { StoreLog } from './store.ts';
import type { WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

const clientMagic = 0x6e697863;
const daemonMagic = 0x6478696f;
const oldestMinor = 32;
const newestMinor = 38;
/** How long a stream that did not begin as it should is listened to, to quote more than its first word. */
const quoteMs = 250;

export interface Greeting {
  readonly protocol: { readonly major: number; readonly minor: number };
  /** `''` before 2.7, which does not say. */
  readonly nixVersion: string;
  /** Undefined when the daemon does not say (before 2.15). */
  readonly trusted: boolean | undefined;
}

/**
 * Greets the daemon. Throws `store.protocol` when what answers is too old or no daemon at all, quoting it;
 * `store.refused` when the daemon does not let us in.
 */
export async function handshake(
  reader: WireReader,
  writer: WireWriter,
  onLog?: (log: StoreLog) => void,
): Promise<Greeting> {
  // What has hung up already may have said why: that is to be read, rather than that nobody listens.
  const greeted = writer.u64(clientMagic).u64(version(1, newestMinor)).flush();
  greeted.catch(() => {});
  await expectMagic(reader);
  await greeted;
  const theirs = await reader.u64();
  const major = Math.floor(theirs / 256);
  const theirMinor = theirs % 256;
  if (major !== 1 || theirMinor < oldestMinor) {
    throw protocolError(
      `its daemon speaks version ${major}.${theirMinor} of the worker protocol; 1.${oldestMinor} to 1.${newestMinor} are known`,
    );
  }
  const minor = Math.min(theirMinor, newestMinor);
  if (minor >= 38) {
    await writer.strings([]).flush();
    await reader.strings();
  }
  // Two fields that mean nothing any more: CPU affinity and reserved space.
  await writer.u64(0).u64(0).flush();
  const nixVersion = minor >= 33 ? await reader.string() : '';
  const trust = minor >= 35 ? await reader.u64() : 0;
  await drainStderr(reader, onLog);
  return { protocol: { major, minor }, nixVersion, trusted: trust === 0 ? undefined : trust === 1 };
}

function version(major: number, minor: number): number {
  return major * 256 + minor;
}

/** A login shell, a message of the day or another program answers with text instead. */
async function expectMagic(reader: WireReader): Promise<void> {
  while (reader.peek(8).length < 8) {
    try {
      await reader.more();
    } catch (cause) {
      if (reader.peek(8).length === 0) throw cause;
      throw notADaemon(reader);
    }
  }
  if (reader.peek(8).readBigUInt64LE() !== BigInt(daemonMagic)) {
    const timer = AbortSignal.timeout(quoteMs);
    const over = new Promise<void>((resolve) => timer.addEventListener('abort', () => resolve()));
    while (!timer.aborted && reader.ended === undefined && reader.peek(400).length < 400) {
      await Promise.race([over, reader.more().catch(() => {})]);
    }
    throw notADaemon(reader);
  }
  await reader.bytes(8);
}

function notADaemon(reader: WireReader): AppError {
  const text = reader.peek(400).toString('utf8').trim();
  return new AppError(
    'store.protocol',
    `no Nix daemon answers there; this came instead: ${JSON.stringify(text)}`,
    {
      hint: 'Where that is what a shell prints when it starts: it must print nothing when nobody is logged in.',
    },
  );
}
