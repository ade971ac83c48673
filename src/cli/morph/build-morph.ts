/**
 * Building as Morph does: one nix-build of one derivation that links the systems of all selected hosts, so one host that
 * fails fails all. Its result is kept from the garbage collector by a link: in `.gcroots` beside the network file with
 * `--keep-result`, else in a folder of our own that goes when we do.
 */

import { mkdir, mkdtemp, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { HostMetadata } from '../../network/network.ts';
import { isOnPath, startProcess } from '../../process/start-process.ts';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import { evaluateBuildShell } from './evaluate-morph.ts';
import type { MorphCall } from './morph-call.ts';
import type { MorphContext } from './morph-context.ts';
import { goJson, type NixSettings, networkArguments } from './nix-settings.ts';

export interface MorphResult extends AsyncDisposable {
  /** Holds a link per host. */
  readonly path: string;
}

/**
 * Builds, and prints the result path on standard output. Throws `network.no-hosts`, `network.evaluation` and
 * `deploy.not-built`.
 */
export async function buildMorph(
  call: MorphCall,
  nix: NixSettings,
  hosts: readonly HostMetadata[],
  context: MorphContext,
): Promise<MorphResult> {
  const [first] = hosts;
  if (first === undefined) throw new AppError('network.no-hosts', 'No hosts selected');
  const file = path.resolve(context.cwd, call.deployment);
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(context.env.TMPDIR || tmpdir(), 'morph-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const keptLink = call.keepResult ? await keepIn(file, context) : undefined;
  const settings = { ...nix, KeepGCRoot: keptLink !== undefined };
  const link = keptLink ?? path.join(folder, 'result');
  const buildShell = await evaluateBuildShell(settings, file, context);
  const args = {
    ArgsFile: path.join(folder, 'morph-args.json'),
    Attr: 'machines',
    DeploymentPath: file,
    Names: hosts.map(({ name }) => name),
    NixArgs: call.buildArgs,
    NixBuildTargets: buildTargets(call, context.cwd),
    NixConfig: first.nixConfig,
    NixContext: settings,
    ResultLinkPath: link,
  };
  const json = goJson(args);
  await writeFile(args.ArgsFile, json, { mode: 0o644 });
  await runNixBuild(args, json, buildShell, context);
  const result = await readlink(link);
  context.stderr.write('nix result path: \n');
  context.stdout.write(`${result}\n`);
  const owned = stack.move();
  return { path: result, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function keepIn(file: string, context: MorphContext): Promise<string | undefined> {
  const folder = path.join(path.dirname(file), '.gcroots');
  try {
    await mkdir(folder, { recursive: true, mode: 0o755 });
    return path.join(folder, path.basename(file));
  } catch (error) {
    context.stderr.write(`Unable to create GC root, skipping: ${errorMessage(error)}\n`);
    return undefined;
  }
}

/** A Nix expression for a set of functions, or nothing. */
function buildTargets({ target, targetFile }: MorphCall, cwd: string): string {
  if (targetFile !== '') return `import "${path.resolve(cwd, targetFile)}"`;
  return target === '' ? '' : `{ "out" = ${target}; }`;
}

interface BuildArguments {
  readonly ArgsFile: string;
  readonly Attr: string;
  readonly DeploymentPath: string;
  readonly NixArgs: readonly string[] | null;
  readonly NixBuildTargets: string;
  readonly NixConfig: Readonly<Record<string, string>>;
  readonly NixContext: NixSettings;
  readonly ResultLinkPath: string;
}

function nixBuildWords(args: BuildArguments): readonly string[] {
  return [
    args.NixContext.EvalMachines,
    ...networkArguments(args.DeploymentPath),
    '--argstr',
    'argsFile',
    args.ArgsFile,
    '--out-link',
    args.ResultLinkPath,
    '--attr',
    args.Attr,
    ...Object.entries(args.NixConfig).flatMap(([name, value]) => ['--option', name, value]),
    ...(args.NixArgs ?? []),
    ...(args.NixContext.ShowTrace ? ['--show-trace'] : []),
    ...(args.NixBuildTargets === '' ? [] : ['--arg', 'buildTargets', args.NixBuildTargets]),
  ];
}

async function runNixBuild(
  args: BuildArguments,
  json: string,
  buildShell: string | null,
  context: MorphContext,
): Promise<void> {
  const { AllowBuildShell, BuildCmd, ShellCmd } = args.NixContext;
  const words = nixBuildWords(args);
  const argv =
    AllowBuildShell && buildShell !== null
      ? // Without quotes, as Morph has it: whoever uses one has arranged the arguments so that it works.
        ([ShellCmd, buildShell, '--pure', '--run', [BuildCmd, ...words].join(' ')] as const)
      : ([BuildCmd, ...words] as const);
  await using child = await startProcess(argv, {
    cwd: context.cwd,
    signal: context.signal,
    terminal: true,
    stderr: 'inherit',
    env: { ...context.env, MORPH_ARGS: json, MORPH_ARGS_FILE: args.ArgsFile },
  });
  child.stdin.end();
  // Nix prints the result path too, but standard output is ours.
  await pipeline(child.stdout, context.stderr, { end: false });
  const { code } = await child.exited;
  if (context.signal.aborted) throw new AppError('interrupted', 'interrupted');
  if (code === 0) return;
  const shown = [onPath(argv[0], context.env.PATH), ...argv.slice(1)].join(' ');
  throw new AppError('deploy.not-built', `Error while running \`${shown} ...\`: See above.`);
}

/** The file that is run for a name. */
function onPath(command: string, searched = ''): string {
  if (command.includes('/')) return command;
  const folder = searched.split(':').find((one) => one !== '' && isOnPath(path.join(one, command)));
  return folder === undefined ? command : path.join(folder, command);
}
