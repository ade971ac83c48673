/** The settings of a jobset as flags, and what they make of a jobset. */

import type { Command } from 'commander';
import { parseSeconds } from '../../config/parse-seconds.ts';
import { jobsetState, jobsetType } from '../../db/records.ts';
import { AppError } from '../../util/app-error.ts';
import { collect, integer } from '../network-options.ts';
import type { Jobset } from './hydra-schemas.ts';

export interface JobsetFlags {
  readonly network?: string | undefined;
  readonly expression?: string | undefined;
  readonly flake?: string | undefined;
  readonly input?: readonly string[] | undefined;
  readonly removeInput?: readonly string[] | undefined;
  readonly description?: string | undefined;
  readonly state?: string | undefined;
  readonly checkInterval?: string | undefined;
  readonly keep?: number | undefined;
  readonly shares?: number | undefined;
  readonly importFromDerivation?: boolean | undefined;
  readonly hidden?: boolean | undefined;
  readonly email?: boolean | undefined;
  readonly emailOverride?: string | undefined;
}

/** What a jobset is made of: what `PUT /jobset/P/J` takes, and `GET` says. */
export type JobsetBody = Pick<
  Jobset,
  | 'description'
  | 'type'
  | 'nixexprinput'
  | 'nixexprpath'
  | 'flake'
  | 'enabled'
  | 'visible'
  | 'enableemail'
  | 'emailoverride'
  | 'keepnr'
  | 'checkinterval'
  | 'schedulingshares'
  | 'enable_dynamic_run_command'
  | 'allow_import_from_derivation'
  | 'inputs'
>;

const states: Readonly<Record<string, number>> = {
  disabled: jobsetState.disabled,
  enabled: jobsetState.enabled,
  'one-shot': jobsetState.oneShot,
  'one-at-a-time': jobsetState.oneAtATime,
};

export const newJobset: JobsetBody = {
  description: '',
  type: jobsetType.network,
  nixexprinput: '',
  nixexprpath: '',
  flake: '',
  enabled: jobsetState.enabled,
  visible: true,
  enableemail: false,
  emailoverride: '',
  keepnr: 3,
  checkinterval: 300,
  schedulingshares: 100,
  enable_dynamic_run_command: false,
  allow_import_from_derivation: false,
  inputs: {},
};

export function withJobsetFlags(command: Command): Command {
  return command
    .option('--network <input:path>', 'a Morph network: one job for each machine, e.g. network:network.nix')
    .option(
      '--expression <input:path>',
      'a Nix expression as Hydra evaluates it, e.g. network:hydra/eiffel.nix',
    )
    .option('--flake <reference>', 'a flake with hydraJobs, checks or nixosConfigurations')
    .option(
      '--input <name=type:value>',
      "an input, e.g. 'network=git:https://git.example.org/net.git main'; may be given more than once",
      collect,
    )
    .option('--description <text>', 'a line for people')
    .option('--state <state>', `one of ${Object.keys(states).join(', ')}`)
    .option('--check-interval <time>', 'how often to look for changes, e.g. "1 h"; 0: only when told')
    .option('--keep <n>', 'evaluations whose builds are kept', integer)
    .option('--shares <n>', 'share of the builders, compared with other jobsets', integer)
    .option('--import-from-derivation', 'let the expression import what it has to build first')
    .option('--no-import-from-derivation', 'do not')
    .option('--hidden', 'leave it out of lists')
    .option('--no-hidden', 'show it in lists')
    .option('--email', 'write to maintainers when a build changes from good to bad or back')
    .option('--no-email', 'do not')
    .option('--email-override <addresses>', 'write to these instead');
}

/** `before`, changed as the flags say. Throws `usage.invalid`. */
export function applyJobsetFlags(before: JobsetBody, flags: JobsetFlags): JobsetBody {
  const inputs = { ...before.inputs };
  for (const name of flags.removeInput ?? []) {
    if (!Object.hasOwn(inputs, name)) throw invalid(`there is no input '${name}' to remove`);
    delete inputs[name];
  }
  for (const text of flags.input ?? []) {
    const input = parseInput(text);
    inputs[input.name] = input;
  }
  return {
    ...before,
    ...source(flags),
    inputs,
    ...given('description', flags.description),
    ...given('enabled', flags.state === undefined ? undefined : parseState(flags.state)),
    ...given('checkinterval', flags.checkInterval === undefined ? undefined : interval(flags.checkInterval)),
    ...given('keepnr', flags.keep),
    ...given('schedulingshares', flags.shares),
    ...given('allow_import_from_derivation', flags.importFromDerivation),
    ...given('visible', flags.hidden === undefined ? undefined : !flags.hidden),
    ...given('enableemail', flags.email),
    ...given('emailoverride', flags.emailOverride),
  };
}

function given<K extends keyof JobsetBody>(key: K, value: JobsetBody[K] | undefined): Partial<JobsetBody> {
  return value === undefined ? {} : { [key]: value };
}

function source({ network, expression, flake }: JobsetFlags): Partial<JobsetBody> {
  const said = [network, expression, flake].filter((value) => value !== undefined);
  if (said.length > 1) throw invalid('only one of --network, --expression and --flake can be given');
  if (flake !== undefined) return { type: jobsetType.flake, flake, nixexprinput: '', nixexprpath: '' };
  const place = network ?? expression;
  if (place === undefined) return {};
  const [, input, path] = /^([^:]+):(.+)$/s.exec(place) ?? [];
  if (input === undefined || path === undefined) {
    const flag = network === undefined ? '--expression' : '--network';
    throw invalid(`${flag} wants INPUT:PATH, such as network:network.nix; got '${place}'`);
  }
  const type = network === undefined ? jobsetType.legacy : jobsetType.network;
  return { type, nixexprinput: input, nixexprpath: path, flake: '' };
}

function parseInput(text: string): JobsetBody['inputs'][string] {
  const [, name, type, value] = /^([^=]+)=([^:]+):(.*)$/s.exec(text) ?? [];
  if (name === undefined || type === undefined || value === undefined) {
    throw invalid(
      `--input wants NAME=TYPE:VALUE, such as 'network=git:https://x/net.git main'; got '${text}'`,
    );
  }
  return { name, type, value, emailresponsible: false };
}

function parseState(text: string): number {
  const state = states[text];
  if (state === undefined)
    throw invalid(`--state wants one of ${Object.keys(states).join(', ')}; got '${text}'`);
  return state;
}

function interval(text: string): number {
  try {
    return parseSeconds(text);
  } catch {
    throw invalid(`--check-interval wants a time such as 300 or "1 h"; got '${text}'`);
  }
}

function invalid(message: string): AppError {
  return new AppError('usage.invalid', message);
}
