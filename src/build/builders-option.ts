/**
 * Builders as Nix's setting `builders` names them: machines with `;` or a newline between, or `@file`. A file that does
 * not exist means none, as with Nix, whose default is `@/etc/nix/machines`.
 */

import { readFileSync } from 'node:fs';
import { parseMachines } from '../nix/machines-file.ts';
import { AppError } from '../util/app-error.ts';
import { errorMessage } from '../util/error-message.ts';
import type { Builder } from './builder.ts';
import { type MachineBuilderOptions, machineBuilder } from './machine-builder.ts';

export interface BuildersOptions extends MachineBuilderOptions {
  /** The system of machines that do not say theirs: this machine's. */
  readonly defaultSystem: string;
  /** Builders by machine, kept by the caller: one that has not changed is the same builder again, and stays connected. */
  readonly known?: Map<string, Builder> | undefined;
}

/** In the order named. Throws `nix.machines-invalid` with the place, or `store.uri`. */
export function parseBuildersOption(text: string, options: BuildersOptions): readonly Builder[] {
  const machines = parseMachines(text, {
    defaultSystem: options.defaultSystem,
    include: readIfThere,
    what: 'builders',
  });
  return machines.map((machine) => {
    const key = JSON.stringify(machine);
    const builder = options.known?.get(key) ?? machineBuilder(machine, options);
    options.known?.set(key, builder);
    return builder;
  });
}

/** The text of a file, undefined when there is none. Throws `nix.machines-invalid` when it cannot be read. */
function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new AppError(
      'nix.machines-invalid',
      `cannot read the builders file ${file}: ${errorMessage(cause)}`,
      {
        cause,
      },
    );
  }
}
