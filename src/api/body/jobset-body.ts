/**
 * What `PUT /jobset/P/J` is sent, as settings of a jobset. It replaces everything; what is left out gets Hydra's values.
 * Type 2 is our own: the path of a network in an input, in the keys of a legacy jobset.
 */

import { z } from 'zod';
import {
  type JobsetSettings,
  type JobsetState,
  type JobsetType,
  jobsetState,
  jobsetType,
} from '../../db/records.ts';
import { AppError } from '../../util/app-error.ts';
import { blankPasswords, restorePasswords } from '../../util/blank-passwords.ts';
import type { InputType } from '../api-deps.ts';
import { parseInput } from '../http/parse-input.ts';
import { hidesPasswords } from '../shown-value.ts';
import { inputName, jobsetName } from './names.ts';
import { presence, text, wholeNumber } from './values.ts';

const maxSeconds = 2 ** 31 - 1;

/** One of the numbers of a table. */
function oneOf<T extends number>(table: Readonly<Record<string, T>>, wanted: string, otherwise: T) {
  return wholeNumber(0, 99, otherwise).transform((value, context) => {
    const found = Object.values(table).find((number) => number === value);
    if (found !== undefined) return found;
    context.addIssue({ code: 'custom', message: wanted });
    return z.NEVER;
  });
}

const input = z.object(
  {
    type: z.string('wanted a type of input'),
    value: z
      .union([z.string(), z.number().transform(String), z.boolean().transform(String)], 'wanted a text')
      .nullish()
      .transform((value) => value ?? ''),
    emailresponsible: presence,
  },
  'wanted an object with type and value',
);

const jobsetBody = z.object({
  /** Another name than the one in the address renames. */
  name: jobsetName.optional(),
  description: text,
  type: oneOf<JobsetType>(jobsetType, 'wanted 0 (legacy), 1 (flake) or 2 (network)', jobsetType.legacy),
  nixexprinput: text,
  nixexprpath: text,
  flake: text,
  enabled: oneOf<JobsetState>(
    jobsetState,
    'wanted 0 (disabled), 1 (enabled), 2 (one-shot) or 3 (one-at-a-time)',
    jobsetState.disabled,
  ),
  visible: presence,
  enableemail: presence,
  emailoverride: text,
  keepnr: wholeNumber(0, 1_000_000, 0),
  checkinterval: wholeNumber(0, maxSeconds, 0),
  schedulingshares: wholeNumber(1, maxSeconds, 1),
  enable_dynamic_run_command: presence,
  allow_import_from_derivation: presence,
  inputs: z.record(z.string(), input, 'wanted an object of inputs by name').nullish(),
});

/** What of a jobset is there already. */
type Known = Pick<JobsetSettings, 'inputs'> | undefined;

/**
 * Throws `api.invalid`. `name`: the one in the address. `known`: the jobset as it is, whose passwords are kept where the
 * blanked ones come back.
 */
export function jobsetSettings(
  params: unknown,
  name: string,
  types: readonly InputType[],
  known?: Known,
): JobsetSettings {
  const body = parseInput(jobsetBody, params);
  const isFlake = body.type === jobsetType.flake;
  const source = isFlake
    ? { flake: checkFlake(body.flake), nixExprInput: null, nixExprPath: null }
    : {
        flake: null,
        nixExprInput: parseInput(z.object({ nixexprinput: inputName }), body).nixexprinput,
        nixExprPath: checkPath(body.nixexprpath),
      };
  return {
    name: body.name ?? parseInput(jobsetName, name),
    description: body.description,
    type: body.type,
    ...source,
    state: body.enabled,
    hidden: !body.visible,
    enableEmail: body.enableemail,
    emailOverride: body.emailoverride,
    keepEvaluations: body.keepnr,
    checkInterval: body.checkinterval,
    schedulingShares: body.schedulingshares,
    enableDynamicRunCommand: body.enable_dynamic_run_command,
    allowImportFromDerivation: body.allow_import_from_derivation,
    // A flake brings its own.
    inputs: isFlake
      ? []
      : Object.entries(body.inputs ?? {}).map(([key, { type, value, emailresponsible }]) => ({
          ...checkInput(key, type, value, types, known),
          emailResponsible: emailresponsible,
        })),
  };
}

function checkInput(key: string, type: string, given: string, types: readonly InputType[], before: Known) {
  const name = parseInput(inputName, key);
  const known = types.find((one) => one.type === type);
  if (known === undefined) {
    const valid = types.map((one) => one.type).join(', ');
    throw new AppError('api.invalid', `Invalid input type ‘${type}’; valid types: ${valid}.`);
  }
  // Blanks matter in texts and in Nix expressions only.
  const shown = type === 'string' || type === 'nix' ? given : given.trim();
  const olds = before?.inputs.filter((input) => hidesPasswords(input.type)).map((input) => input.value) ?? [];
  const value = hidesPasswords(type) ? restorePasswords(shown, olds) : shown;
  if (value === undefined) {
    throw new AppError(
      'api.invalid',
      `input ‘${name}’: *** stands for a password that is known already, and none is for that user and host`,
      { hint: 'Give the address with its password.' },
    );
  }
  const wrong = known.check(value);
  if (wrong !== undefined) throw new AppError('api.invalid', `input ‘${name}’: ${wrong}`);
  return { name, type, value };
}

function checkFlake(flake: string): string {
  if (blankPasswords(flake) !== flake) {
    // Nix takes it on its command line, where every user of the machine can read it.
    throw new AppError('api.invalid', 'flake: wanted an address without a password', {
      hint: 'Nix takes passwords and tokens from its settings netrc-file and access-tokens.',
    });
  }
  if (/^[a-zA-Z][^\p{Cc}]*$/u.test(flake)) return flake;
  throw new AppError(
    'api.invalid',
    `flake: wanted the address of a flake such as github:owner/repository, got ${JSON.stringify(flake)}`,
  );
}

function checkPath(path: string): string {
  const isFine = path !== '' && !path.startsWith('/') && !/\p{Cc}/u.test(path);
  if (isFine && !path.split('/').includes('..')) return path;
  throw new AppError(
    'api.invalid',
    `nixexprpath: wanted a relative path without .., got ${JSON.stringify(path)}`,
  );
}
