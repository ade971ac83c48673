/**
 * Proteus under the name of Morph: Morph's command line, messages and exit codes, so that what people have built around
 * it goes on working. Standard output is for results; all else, help too, goes to standard error. The exit code is 0 or
 * 1, or 130 when interrupted. What differs on purpose is in docs/morph.md.
 */

import { readFileSync, statSync } from 'node:fs';
import { isOnPath } from '../../process/start-process.ts';
import { AppError } from '../../util/app-error.ts';
import { version } from '../../util/version.ts';
import { interruptSignal } from '../interrupt-signal.ts';
import { reportError } from '../report-error.ts';
import { morphActions } from './morph-actions.ts';
import { completionScripts, morphCompletions } from './morph-completion.ts';
import type { MorphContext } from './morph-context.ts';
import { morphUsage } from './morph-usage.ts';
import { type MorphFiles, type MorphLine, parseMorphLine } from './parse-morph-line.ts';

type Io = Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr' | 'env' | 'cwd'>;

const files: MorphFiles = {
  read: (file) => readFileSync(file, 'utf8'),
  look: (path) => {
    const found = path === '' ? undefined : statSync(path, { throwIfNoEntry: false });
    if (found === undefined) return 'nothing';
    return found.isDirectory() ? 'folder' : 'file';
  },
};

const signalWords: Readonly<Record<string, string>> = {
  SIGINT: 'interrupt',
  SIGTERM: 'terminated',
  SIGHUP: 'hangup',
};

/** Runs one command line of Morph's and says the exit code. Never throws for what a user can cause. */
export async function runMorph(argv: readonly string[], io: Io): Promise<number> {
  if (answersShell(argv, io)) return 0;
  let line: MorphLine;
  try {
    line = parseMorphLine(argv, files);
  } catch (error) {
    if (!(error instanceof AppError)) return reportError(error, io.stderr);
    io.stderr.write(`morph: error: ${error.message}, try --help\n`);
    return 1;
  }
  if (line.type !== 'call') {
    io.stderr.write(line.type === 'version' ? `${version}\n` : morphUsage(line.command));
    return 0;
  }
  const { call } = line;
  if (call.buildArgs !== null) {
    io.stderr.write('Deprecation: The --build-arg flag will be removed in a future release.\n');
  }
  if (!isOnPath('nix', io.env.PATH)) {
    io.stderr.write("Missing dependencies: 'nix' on $PATH\n");
    return 1;
  }
  using interrupt = interruptSignal((name) => {
    io.stderr.write(`Received signal: ${signalWords[name] ?? name}\n`);
  });
  const context: MorphContext = {
    stdin: io.stdin,
    stdout: io.stdout,
    stderr: io.stderr,
    env: io.env,
    cwd: io.cwd(),
    signal: interrupt.signal,
  };
  try {
    return await morphActions[call.command](call, context);
  } catch (error) {
    if (interrupt.signal.aborted) return 130;
    if (!(error instanceof AppError)) return reportError(error, io.stderr);
    io.stderr.write(`${error.message}\n`);
    return 1;
  }
}

/** Hidden flags: completion for shells, and help in other forms. True when it was one of them. */
function answersShell(argv: readonly string[], io: Io): boolean {
  const [first, ...rest] = argv;
  if (first === '--completion-bash') io.stdout.write(morphCompletions(rest).join('\n'));
  else if (first === '--completion-script-bash') io.stdout.write(completionScripts.bash);
  else if (first === '--completion-script-zsh') io.stdout.write(completionScripts.zsh);
  else if (first === '--help-long' || first === '--help-man') {
    io.stderr.write(morphUsage(undefined, { long: true }));
  } else return false;
  return true;
}
