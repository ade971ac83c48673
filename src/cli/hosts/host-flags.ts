/** The flags of commands that do something on hosts of a network without deploying anything. */

import { type Command, InvalidArgumentError } from 'commander';
import {
  type EvaluationFlags,
  integer,
  type SelectorFlags,
  withEvaluationFlags,
  withNetworkFile,
  withSelectors,
} from '../network-options.ts';
import type { SudoPasswordFlags } from '../sudo-password.ts';

export interface HostFlags extends SelectorFlags, EvaluationFlags, SudoPasswordFlags {
  readonly parallel?: number | undefined;
}

export function withHostFlags(command: Command): Command {
  return withPasswordFlags(withEvaluationFlags(withSelectors(withNetworkFile(command)))).option(
    '--parallel <n>',
    'hosts that are worked on at the same time (default: 10)',
    positive,
  );
}

export function withPasswordFlags(command: Command): Command {
  return command
    .option('--passwd', 'ask once for the password of sudo on the hosts')
    .option('--passcmd <command>', 'a command that prints the password of sudo on the hosts');
}

export function withTimeout(command: Command, what: string): Command {
  return command.option('--timeout <seconds>', `${what} (default: no limit)`, integer);
}

function positive(text: string): number {
  const value = integer(text);
  if (value >= 1) return value;
  throw new InvalidArgumentError(`wanted a whole number of at least 1, got '${text}'.`);
}
