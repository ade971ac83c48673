/** Builds a system that can be deployed to lab hosts, into the store of whoever calls (stand-in-system.nix). */

import { join } from 'node:path';
import { parseStorePath, type StorePath } from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';

interface StandInSystem {
  readonly name: string;
  /** Makes systems of the same name differ. */
  readonly note?: string | undefined;
  /** What is in its unit files, for hosts that run systemd. */
  readonly units?: Readonly<Record<string, string>> | undefined;
}

const file = join(import.meta.dirname, 'stand-in-system.nix');

/** Builds it with nix-build and returns its toplevel. */
export async function buildStandInSystem({ name, note = '', units = {} }: StandInSystem): Promise<StorePath> {
  const { stdout } = await runProcess(['nix-build', '--no-out-link', '-E', standInSource(name, note, units)]);
  return parseStorePath(stdout.trim());
}

/** The system as Nix source, for a network file. */
function standInSource(name: string, note: string, units: Readonly<Record<string, string>>): string {
  const files = Object.entries(units).map(
    ([unit, text]) => `${quoted(unit)} = builtins.toFile ${quoted(unit)} ${quoted(text)};`,
  );
  return `(import ${file} { name = ${quoted(name)}; note = ${quoted(note)}; units = { ${files.join(' ')} }; })`;
}

/** JSON's way to write a text is Nix's, but for what begins an interpolation. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll('$', '\\$');
}
