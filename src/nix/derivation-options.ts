/**
 * What a derivation says to whoever schedules its build. The settings are environment variables, or, with
 * `__structuredAttrs`, members of the JSON object in the variable `__json`, which then counts alone.
 * Source: libstore/parsed-derivations.cc, libstore/derivation-options.cc.
 */

import { z } from 'zod';
import { AppError } from '../util/app-error.ts';
import { errorMessage } from '../util/error-message.ts';
import type { BasicDerivation } from './derivation.ts';

const structuredOptions = z.object({
  requiredSystemFeatures: z.array(z.string()).optional(),
  preferLocalBuild: z.boolean().optional(),
  allowSubstitutes: z.boolean().optional(),
});

/**
 * The features a builder must have, sorted, each once. A derivation whose output paths are not known beforehand needs
 * `ca-derivations` without saying so. Throws `nix.derivation-invalid` when structured attributes are of a wrong type.
 */
export function requiredSystemFeatures(drv: BasicDerivation): string[] {
  const structured = readStructured(drv);
  const features =
    structured === undefined
      ? (drv.env.get('requiredSystemFeatures') ?? '').split(/[ \t\n\r]+/)
      : (structured.requiredSystemFeatures ?? []);
  const floating = [...drv.outputs.values()].some((output) => output.path === undefined);
  const all = new Set(floating ? [...features, 'ca-derivations'] : features);
  all.delete('');
  return [...all].sort();
}

/** True when it is so small that it is to be built where it is asked for. Throws as above. */
export function prefersLocalBuild(drv: BasicDerivation): boolean {
  return readFlag(drv, 'preferLocalBuild') ?? false;
}

/** False when it is to be built rather than fetched. Throws as above. */
export function allowsSubstitutes(drv: BasicDerivation): boolean {
  return readFlag(drv, 'allowSubstitutes') ?? true;
}

/** True for a fixed-output derivation: its one output is known by the hash of its content, and it may use the network. */
export function isFixedOutput(drv: BasicDerivation): boolean {
  const output = drv.outputs.get('out');
  return drv.outputs.size === 1 && output !== undefined && /^[0-9a-f]{32,}$/i.test(output.hash);
}

/** True when Nix builds it itself (`builtin:fetchurl` …), on any system. */
export function isBuiltin(drv: BasicDerivation): boolean {
  return drv.builder.startsWith('builtin:');
}

function readFlag(drv: BasicDerivation, name: 'preferLocalBuild' | 'allowSubstitutes'): boolean | undefined {
  const structured = readStructured(drv);
  if (structured !== undefined) return structured[name];
  const value = drv.env.get(name);
  return value === undefined ? undefined : value === '1';
}

function readStructured(drv: BasicDerivation): z.infer<typeof structuredOptions> | undefined {
  const json = drv.env.get('__json');
  if (json === undefined) return undefined;
  try {
    return structuredOptions.parse(JSON.parse(json));
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : errorMessage(cause);
    throw new AppError(
      'nix.derivation-invalid',
      `the structured attributes (__json) of the derivation ${nameOf(drv)}: ${reason}`,
      { cause },
    );
  }
}

/** Something to find the derivation by; one with structured attributes has no `name` variable. */
function nameOf(drv: BasicDerivation): string {
  const output = drv.outputs.values().next().value;
  return drv.env.get('name') ?? output?.path ?? 'without a name';
}
