/** The version of the Nix that evaluates, for what differs between versions. */

import { runProcess } from '../process/run-process.ts';
import { AppError } from '../util/app-error.ts';

export interface NixVersion {
  readonly major: number;
  readonly minor: number;
}

interface Options {
  readonly signal?: AbortSignal | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** Asks `nix --version`. Throws `process.missing` without Nix, `evaluation.worker` when the answer has no version. */
export async function nixVersion({ signal, env }: Options = {}): Promise<NixVersion> {
  const { stdout } = await runProcess(['nix', '--version'], {
    signal,
    ...(env === undefined ? {} : { env }),
  });
  const version = parseNixVersion(stdout);
  if (version !== undefined) return version;
  throw new AppError(
    'evaluation.worker',
    `'nix --version' should print a version, but printed '${stdout.trim()}'`,
  );
}

/** From a line such as `nix (Nix) 2.8.0`; forks put other words before the number. */
export function parseNixVersion(line: string): NixVersion | undefined {
  const found = /\s(\d+)\.(\d+)\S*\s*$/m.exec(line);
  return found === null ? undefined : { major: Number(found[1]), minor: Number(found[2]) };
}

export function isOlder(version: NixVersion, major: number, minor: number): boolean {
  return version.major < major || (version.major === major && version.minor < minor);
}
