/**
 * A build that proves something: tiny, never built before (its name holds a random word), done by the builder that
 * is asked about, and gone with the next garbage collection. A foreign system is proven with a program of its own.
 */

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { aarch64Probe } from '../../build/aarch64-probe.ts';
import type { Builder } from '../../build/builder.ts';
import { encodeNar } from '../../nix/nar-writer.ts';
import { parseDerivation } from '../../nix/parse-derivation.ts';
import { parseStorePath } from '../../nix/store-path.ts';
import { runProcess } from '../../process/run-process.ts';
import { errorMessage } from '../../util/error-message.ts';

export interface ProbeResult {
  readonly ok: boolean;
  /** Why not, or what the probe printed. */
  readonly message: string;
}

/** Builds the probe for `system`; never throws but for an interruption. */
export async function probeBuild(
  builder: Builder,
  system: string,
  signal: AbortSignal,
): Promise<ProbeResult> {
  try {
    await using store = await builder.open(signal);
    const foreign = system === 'aarch64-linux' && builder.systems[0] !== system;
    const program = foreign
      ? await store.addToStore(
          {
            name: 'proteus-probe',
            method: 'nar',
            content: Buffer.concat([
              ...encodeNar({ type: 'regular', contents: aarch64Probe(), executable: true }),
            ]),
            references: [],
          },
          { signal },
        )
      : undefined;
    const drvPath = parseStorePath(await instantiateProbe(system, program, signal));
    const drv = parseDerivation(await readFile(drvPath), drvPath);
    const lines: string[] = [];
    const result = await store.buildDerivation(
      drvPath,
      { ...drv, inputSources: program === undefined ? [] : [program] },
      {
        signal,
        settings: builder.settings,
        timeoutSeconds: 60,
        onLog: (log) => {
          if (log.type === 'build-log-line') lines.push(log.line);
        },
      },
    );
    const built = result.status === 'built';
    return { ok: built, message: built ? lines.join(' ') : firstLine(result.errorMessage || result.status) };
  } catch (error) {
    if (signal.aborted) throw error;
    return { ok: false, message: firstLine(errorMessage(error)) };
  }
}

async function instantiateProbe(
  system: string,
  program: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  const name = `proteus-probe-${randomBytes(6).toString('hex')}`;
  const how =
    program === undefined
      ? `builder = "/bin/sh"; args = [ "-c" "echo probe > $out" ];`
      : `builder = builtins.storePath "${program}"; args = [ (placeholder "out") ];`;
  const { stdout } = await runProcess(
    ['nix-instantiate', '--expr', `derivation { name = "${name}"; system = "${system}"; ${how} }`],
    { signal },
  );
  return stdout.trim().split('!')[0] ?? '';
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}
