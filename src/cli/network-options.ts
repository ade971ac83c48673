/** The flags that all commands on a network file share, with Morph's names (deploy reference §1.1). */

import { type Command, InvalidArgumentError } from 'commander';

export interface SelectorFlags {
  readonly on?: string | undefined;
  readonly tagged?: string | undefined;
  readonly every?: number | undefined;
  readonly skip?: number | undefined;
  readonly limit?: number | undefined;
  readonly orderByTags?: string | undefined;
}

export interface EvaluationFlags {
  readonly showTrace?: boolean | undefined;
  readonly workers?: number | undefined;
}

export interface BuildFlags extends SelectorFlags, EvaluationFlags {
  readonly keepResult?: boolean | undefined;
  readonly builders?: readonly string[] | undefined;
  readonly signKey?: string | undefined;
  readonly buildLogs?: string | undefined;
}

/** The network file, Morph's `<deployment>`. */
export function withNetworkFile(command: Command): Command {
  return command.argument('<network>', 'the Nix file that names the hosts');
}

export function withSelectors(command: Command): Command {
  return command
    .option(
      '--on <hosts>',
      'only these: names "web*" or "{db,web}01", tags "@prod", all but "!iso"; several with commas between',
    )
    .option('--tagged <tags>', 'only hosts that have all of these tags, separated by commas')
    .option('--every <n>', 'only every n-th host', integer)
    .option('--skip <n>', 'leave out the first n hosts', integer)
    .option('--limit <n>', 'at most n hosts', integer)
    .option('--order-by-tags <tags>', 'order hosts by these tags instead of those of the network');
}

export function withEvaluationFlags(command: Command): Command {
  return command
    .option('--show-trace', 'print the whole trace of evaluation errors')
    .option('--workers <n>', 'evaluation workers side by side (default: one per processor)', integer);
}

export function withBuildFlags(command: Command): Command {
  return withEvaluationFlags(withSelectors(withNetworkFile(command)))
    .option(
      '--keep-result',
      'keep the result from the garbage collector, in .gcroots beside the network file',
    )
    .option(
      '--builders <machines>',
      'machines to build on, as in nix.conf: lines of the machines file, or @FILE (default: what nix.conf says)',
      collect,
    )
    .option('--sign-key <file>', 'sign what was built with this secret key, in the store')
    .option('--build-logs <folder>', 'where build logs are kept (default: ~/.local/state/proteus/logs)');
}

/** A whole number, as a flag's value. */
export function integer(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new InvalidArgumentError(`wanted a whole number, got '${text}'.`);
  return Number(text);
}

export function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}
