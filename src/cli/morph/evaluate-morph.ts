/**
 * Evaluating with the same child processes as Morph, which people replace by programs of their own. One difference: they
 * may write to the store, so that modules can come out of derivations that are built on the way.
 */

import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { exitWords } from '../../deploy/morph/exit-words.ts';
import type { NetworkMetadata } from '../../network/network.ts';
import { networkSchema } from '../../network/network-schema.ts';
import type { ProcessExit } from '../../process/running-command.ts';
import { startProcess } from '../../process/start-process.ts';
import { AppError } from '../../util/app-error.ts';
import type { MorphContext } from './morph-context.ts';
import { goJson, type NixSettings, networkArguments } from './nix-settings.ts';

interface Request {
  readonly nix: NixSettings;
  /** Absolute. */
  readonly file: string;
  readonly attribute: string;
  readonly json: boolean;
}

/** What the network says of its hosts: all or nothing, as under Morph. Throws `network.evaluation`. */
export async function evaluateMetadata(
  nix: NixSettings,
  file: string,
  context: MorphContext,
): Promise<NetworkMetadata> {
  const parsed = networkSchema.safeParse(await evaluateJson(nix, file, 'info.deployment', context));
  if (parsed.success) return parsed.data;
  throw new AppError(
    'network.evaluation',
    `what ${nix.EvalCmd} says about the hosts of ${file} is not what was expected: ${z.prettifyError(parsed.error)}`,
  );
}

/** The derivation of the network's build shell, or null. */
export async function evaluateBuildShell(
  nix: NixSettings,
  file: string,
  context: MorphContext,
): Promise<string | null> {
  const value = z
    .string()
    .nullable()
    .safeParse(await evaluateJson(nix, file, 'info.buildShell', context));
  if (value.success) return value.data;
  throw new AppError('network.evaluation', 'network.buildShell is no derivation');
}

/** Prints the value of an attribute of `nodes`, in Nix syntax. The exit code of Nix. */
export async function printAttribute(
  nix: NixSettings,
  file: string,
  attribute: string,
  context: MorphContext,
): Promise<ProcessExit> {
  await using child = await start({ nix, file, attribute: `nodes.${attribute}`, json: false }, context);
  await pipeline(child.stdout, context.stdout, { end: false });
  return await child.exited;
}

async function evaluateJson(
  nix: NixSettings,
  file: string,
  attribute: string,
  context: MorphContext,
): Promise<unknown> {
  await using child = await start({ nix, file, attribute, json: true }, context);
  const [printed, exit] = await Promise.all([text(child.stdout), child.exited]);
  if (context.signal.aborted) throw new AppError('interrupted', 'interrupted');
  if (exit.code !== 0) {
    throw new AppError('network.evaluation', `Error while running \`${nix.EvalCmd} ..\`: ${exitWords(exit)}`);
  }
  try {
    return JSON.parse(printed);
  } catch (cause) {
    throw new AppError(
      'network.evaluation',
      `${nix.EvalCmd} printed no JSON for ${attribute} of ${file}: ${printed.slice(0, 200)}`,
      { cause },
    );
  }
}

function start(
  { nix, file, attribute, json }: Request,
  context: MorphContext,
): ReturnType<typeof startProcess> {
  const child = startProcess(
    [
      nix.EvalCmd,
      '--eval',
      nix.EvalMachines,
      ...networkArguments(file),
      '--argstr',
      'argsFile',
      '',
      '--attr',
      attribute,
      ...(nix.ShowTrace ? ['--show-trace'] : []),
      ...(json ? ['--json'] : []),
      '--strict',
      '--read-write-mode',
    ],
    {
      cwd: context.cwd,
      signal: context.signal,
      terminal: true,
      stderr: 'inherit',
      env: {
        ...context.env,
        MORPH_ARGS: goJson({
          AsJSON: json,
          ArgsFile: '',
          Attr: attribute,
          DeploymentPath: file,
          NixContext: nix,
          Strict: true,
          ReadWriteMode: true,
        }),
      },
    },
  );
  return child.then((started) => {
    started.stdin.end();
    return started;
  });
}
