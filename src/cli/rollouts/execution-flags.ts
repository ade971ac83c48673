/** What is needed when a rollout is executed and is in no plan: passwords and keys. */

import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { withPasswordFlags } from '../hosts/host-flags.ts';
import { type SudoPasswordFlags, sudoPassword } from '../sudo-password.ts';
import type { RunRolloutOptions } from './run-rollout.ts';

export interface ExecutionFlags extends SudoPasswordFlags {
  readonly ageIdentity?: string;
}

export function withExecutionFlags(command: Command): Command {
  return withPasswordFlags(command).option(
    '--age-identity <file>',
    'what secrets encrypted with age are decrypted with',
  );
}

export function executionOptions(
  context: CliContext,
  flags: ExecutionFlags,
): Pick<RunRolloutOptions, 'password' | 'ageIdentity'> {
  const ask = sudoPassword(flags, context);
  return {
    password: flags.passwd || flags.passcmd ? () => ask(context.signal) : undefined,
    ageIdentity: flags.ageIdentity,
  };
}
