/**
 * The result of building one derivation. Source: libstore/build-result.hh, worker-protocol.cc.
 *
 * Status, message, four numbers (times built, non-deterministic, start, stop), since 1.37 two optional CPU times, then
 * the outputs built: `sha256:<hash of the derivation>!<output>` to JSON whose `outPath` is the base name of the path.
 */

import { stripVTControlCharacters } from 'node:util';
import { z } from 'zod';
import { isStorePath, type StorePath, storeDir } from '../../nix/store-path.ts';
import { protocolError } from '../protocol-error.ts';
import type { BuildResult, BuildStatus } from '../store.ts';
import type { WireReader } from '../wire-reader.ts';

/** By the protocol's number. */
const statuses: readonly BuildStatus[] = [
  'built',
  'substituted',
  'already-valid',
  'permanent-failure',
  'input-rejected',
  'output-rejected',
  'transient-failure',
  'cached-failure',
  'timed-out',
  'misc-failure',
  'dependency-failed',
  'log-limit-exceeded',
  'not-deterministic',
  'resolves-to-already-valid',
  'no-substituters',
];

const realisation = z.object({ outPath: z.string() });

export async function readBuildResult(reader: WireReader, minor: number): Promise<BuildResult> {
  // A number that a later Nix adds is a failure of some sort: the successes are long settled.
  const status = statuses[await reader.u64()] ?? 'misc-failure';
  const errorMessage = stripVTControlCharacters(await reader.string()).trim();
  await reader.u64();
  await reader.u64();
  const startTime = await reader.u64();
  const stopTime = await reader.u64();
  if (minor >= 37) {
    await skipOptionalNumber(reader);
    await skipOptionalNumber(reader);
  }
  const builtOutputs = new Map<string, StorePath>();
  for (const [id, json] of await reader.map(() => reader.string())) {
    builtOutputs.set(id.slice(id.indexOf('!') + 1), outPath(json));
  }
  return { status, errorMessage, startTime, stopTime, builtOutputs };
}

async function skipOptionalNumber(reader: WireReader): Promise<void> {
  if (await reader.bool()) await reader.bytes(8);
}

function outPath(json: string): StorePath {
  try {
    const path = `${storeDir}/${realisation.parse(JSON.parse(json)).outPath}`;
    if (isStorePath(path)) return path;
  } catch {
    // Told below with the text that came.
  }
  throw protocolError(`a built output that cannot be read: ${json.slice(0, 300)}`);
}
