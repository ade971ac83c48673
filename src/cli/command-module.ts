/** The shape of every file in `commands/`. */

import type { Command } from 'commander';
import type { CliContext } from './context.ts';

/** What a command does once its line is parsed; the exit code comes back. */
export type Work = (context: CliContext) => Promise<number>;

export interface CommandModule {
  /** Adds arguments, flags and examples, and hands over the work when the command is the one that was called. */
  define(command: Command, run: (work: Work) => void): void;
}
