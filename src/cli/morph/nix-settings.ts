/**
 * Which programs evaluate and build, and what of the command line they are told: part of MORPH_ARGS, which programs that
 * people put in their place read. Names and order of the fields are Morph's (deploy reference §1.2).
 */

import path from 'node:path';
import { ownEvalMachines } from '../../network/network-root.ts';
import type { MorphCall } from './morph-call.ts';

export interface NixSettings {
  readonly EvalCmd: string;
  readonly BuildCmd: string;
  readonly ShellCmd: string;
  readonly EvalMachines: string;
  readonly ShowTrace: boolean;
  readonly KeepGCRoot: boolean;
  readonly AllowBuildShell: boolean;
}

export function nixSettings(call: MorphCall, env: Readonly<Record<string, string | undefined>>): NixSettings {
  return {
    EvalCmd: env.MORPH_NIX_EVAL_CMD || 'nix-instantiate',
    BuildCmd: env.MORPH_NIX_BUILD_CMD || 'nix-build',
    ShellCmd: env.MORPH_NIX_SHELL_CMD || 'nix-shell',
    EvalMachines: env.MORPH_NIX_EVAL_MACHINES || path.normalize(ownEvalMachines),
    ShowTrace: call.showTrace,
    KeepGCRoot: call.keepResult,
    AllowBuildShell: call.allowBuildShell,
  };
}

/** JSON as Go writes it: three characters of HTML escaped. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * The arguments that name the network file. As Morph has it, a path in Nix syntax; a path that has no such form (one with
 * a space) goes as a string, where Morph fails.
 */
export function networkArguments(file: string): readonly string[] {
  return [/^[A-Za-z0-9._+/-]+$/.test(file) ? '--arg' : '--argstr', 'networkExpr', file];
}
