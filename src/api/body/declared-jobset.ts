/**
 * A jobset as a declarative project declares it (hydra.md §2.9): the keys of `PUT /jobset/P/J`, with `hidden` in place of
 * `visible`, and the values that a new jobset has for what is left out. Other keys are refused, as in Hydra.
 */

import { z } from 'zod';
import type { JobsetSettings } from '../../db/records.ts';
import type { InputType } from '../api-deps.ts';
import { parseInput } from '../http/parse-input.ts';
import { jobsetSettings } from './jobset-body.ts';
import { jobsetName } from './names.ts';
import { presence } from './values.ts';

const any = z.unknown().optional();

const declared = z.strictObject(
  {
    enabled: z.unknown().default(1),
    hidden: presence,
    type: any,
    flake: any,
    description: any,
    nixexprinput: any,
    nixexprpath: any,
    checkinterval: z.unknown().default(300),
    schedulingshares: z.unknown().default(100),
    enableemail: any,
    enable_dynamic_run_command: any,
    emailoverride: any,
    keepnr: z.unknown().default(3),
    inputs: any,
    allow_import_from_derivation: any,
  },
  {
    error: ({ code, keys }) =>
      code === 'unrecognized_keys' && Array.isArray(keys)
        ? `there is no setting ${keys.join(', ')}`
        : 'wanted an object with the settings of a jobset',
  },
);

/** Throws `api.invalid`. */
export function declaredJobset(name: string, spec: unknown, types: readonly InputType[]): JobsetSettings {
  const { hidden, ...body } = parseInput(declared, spec);
  return jobsetSettings({ ...body, visible: !hidden }, parseInput(jobsetName, name), types);
}
