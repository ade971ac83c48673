/**
 * Reads a command line as Morph's parser (kingpin) does: flags may stand anywhere, but for `exec`, where they end at the
 * first argument; a switch can be said to be off (`--no-x`); nothing but lists may be given twice. First the line is
 * taken apart, then `--help` and `--version` have their way, and only then are values looked at, in their order.
 */

import { type SwitchAction, switchActions } from '../../deploy/deploy-plan.ts';
import { AppError } from '../../util/app-error.ts';
import type { MorphCall } from './morph-call.ts';
import {
  globalFlags,
  helpFlag,
  type MorphArgument,
  type MorphCommand,
  type MorphFlag,
  morphCommands,
  versionFlag,
} from './morph-commands.ts';
import { type MorphWords, morphWords } from './morph-words.ts';

export interface MorphFiles {
  readonly read: (file: string) => string;
  /** What is there under a path. */
  readonly look: (path: string) => 'file' | 'folder' | 'nothing';
}

export type MorphLine =
  | { readonly type: 'call'; readonly call: MorphCall }
  | { readonly type: 'version' }
  /** Undefined: of the whole program. */
  | { readonly type: 'help'; readonly command: MorphCommand | undefined };

interface Given {
  readonly of: MorphFlag | MorphArgument;
  readonly text: string;
}

interface Parsed {
  readonly command: MorphCommand | undefined;
  /** In the order of the line. */
  readonly given: readonly Given[];
  readonly problem: unknown;
  readonly help: boolean;
}

/** Throws `usage.invalid` in Morph's words. */
export function parseMorphLine(argv: readonly string[], files: MorphFiles): MorphLine {
  const parsed = takeApart(morphWords(argv, files.read));
  const { command, given, problem } = parsed;
  // Before complaints, as it may stand before what is complained about.
  if (given.some(({ of, text }) => of === versionFlag && text === 'true')) return { type: 'version' };
  if (problem !== undefined && !(parsed.help && command !== undefined)) throw problem;
  if (parsed.help || given.some(({ of }) => of === helpFlag) || command === undefined) {
    return { type: 'help', command };
  }
  const values = checkedValues(given, files);
  const missing = command.args.find(({ name }) => !values.has(name));
  if (missing !== undefined) throw invalid(`required argument '${missing.name}' not provided`);
  return { type: 'call', call: callOf(command, values) };
}

/** Stops at the first problem, and says what came before it. */
function takeApart(words: MorphWords): Parsed {
  const given: Given[] = [];
  let command: MorphCommand | undefined;
  let help = false;
  let position = 0;
  const step = (): boolean => {
    const word = words.peek();
    if (word.type === 'end') return false;
    if (word.type !== 'arg') {
      given.push(takeFlag(words, command));
    } else if (command === undefined) {
      words.take();
      if (word.text === 'help' && !help) help = true;
      else command = findCommand(word.text);
    } else {
      // `help` takes any number of words, and shows what the first of them is.
      const argument = help ? undefined : command.args[position];
      if (argument === undefined && !help) throw invalid(`unexpected ${word.text}`);
      if (command.argsOnly) words.argsOnly();
      words.take();
      if (argument !== undefined) given.push({ of: argument, text: word.text });
      if (argument?.type !== 'texts') position += 1;
    }
    return true;
  };
  try {
    while (step());
    return { command, given, help, problem: undefined };
  } catch (problem) {
    return { command, given, help, problem };
  }
}

function findCommand(name: string): MorphCommand {
  const command = morphCommands.find((candidate) => candidate.name === name);
  if (command === undefined) throw invalid(`expected command but got ${JSON.stringify(name)}`);
  return command;
}

function takeFlag(words: MorphWords, command: MorphCommand | undefined): Given {
  const word = words.take();
  if (word.type !== 'flag') {
    throw invalid(`unknown short flag '-${word.type === 'end' ? '' : word.text}'`);
  }
  const flags = [...(command?.flags ?? []), ...globalFlags];
  const named = flags.find(({ name }) => name === word.text);
  if (named !== undefined) {
    if (named.type === 'switch') return { of: named, text: 'true' };
    const value = words.peek();
    if (value.type !== 'arg') throw invalid(`expected argument for flag '--${word.text}'`);
    words.take();
    return { of: named, text: value.text };
  }
  const negated = flags.find(({ name, type }) => type === 'switch' && `no-${name}` === word.text);
  if (negated === undefined) throw invalid(`unknown long flag '--${word.text}'`);
  return { of: negated, text: 'false' };
}

/** By name, each as it was given. */
function checkedValues(given: readonly Given[], files: MorphFiles): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>();
  for (const { of, text } of given) {
    const before = values.get(of.name) ?? [];
    if (before.length > 0 && of.type !== 'texts') throw invalid(`flag '${of.name}' cannot be repeated`);
    check(of, text, files);
    values.set(of.name, [...before, text]);
  }
  return values;
}

function check({ type }: MorphFlag | MorphArgument, text: string, files: MorphFiles): void {
  if (type === 'number' && !/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) {
    throw invalid(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  if (type === 'action' && !switchActions.some((action) => action === text)) {
    throw invalid(`enum value must be one of ${switchActions.join(',')}, got '${text}'`);
  }
  if (type !== 'file') return;
  const found = files.look(text);
  if (found === 'nothing') throw invalid(`path '${text}' does not exist`);
  if (found === 'folder')
    throw invalid(`'${text.replace(/\/+$/, '').split('/').at(-1) ?? ''}' is a directory`);
}

function callOf(command: MorphCommand, values: ReadonlyMap<string, readonly string[]>): MorphCall {
  const text = (name: string, fallback = ''): string => values.get(name)?.[0] ?? fallback;
  const on = (name: string): boolean => text(name) === 'true';
  const whole = (name: string, fallback: number): number => Math.trunc(Number(text(name, String(fallback))));
  return {
    command: command.name,
    deployment: text('deployment'),
    attribute: text('attribute'),
    // Looked at in `check`; no other command has one.
    action: (values.get('switch-action')?.[0] ?? 'dry-activate') as SwitchAction,
    words: values.get('command') ?? [],
    dryRun: on('dry-run'),
    keepResult: on('keep-result'),
    allowBuildShell: on('allow-build-shell'),
    on: text('on', '*'),
    tagged: text('tagged'),
    every: whole('every', 1),
    skip: whole('skip', 0),
    limit: whole('limit', 0),
    orderByTags: text('order-by-tags'),
    showTrace: on('show-trace'),
    buildArgs: values.get('build-arg') ?? null,
    target: text('target'),
    targetFile: text('target-file'),
    timeout: whole('timeout', 0),
    passwd: on('passwd'),
    passcmd: text('passcmd'),
    skipHealthChecks: on('skip-health-checks'),
    skipPreDeployChecks: on('skip-pre-deploy-checks'),
    uploadSecrets: on('upload-secrets'),
    reboot: on('reboot'),
    json: on('json'),
  };
}

function invalid(message: string): AppError {
  return new AppError('usage.invalid', message);
}
