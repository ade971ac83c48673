/**
 * The command line from end to end: finds the command, parses its flags, runs it with a progress display, and turns
 * whatever goes wrong into one clear message and an honest exit code (0 done, 1 failed, 2 wrong usage, 4 done but not
 * everywhere or not quite, 130 interrupted).
 */

import { Command, CommanderError } from 'commander';
import { AppError } from '../util/app-error.ts';
import { version } from '../util/version.ts';
import type { Work } from './command-module.ts';
import { type CommandEntry, commandTable } from './command-table.ts';
import { expandArgumentFiles } from './expand-argument-files.ts';
import { interruptSignal } from './interrupt-signal.ts';
import { normaliseArguments } from './normalise-arguments.ts';
import { chooseProgress } from './progress/choose-progress.ts';
import { refuseRepeatedFlags } from './refuse-repeated-flags.ts';
import { reportError } from './report-error.ts';
import { splitCommandWords } from './split-command-words.ts';

type Io = Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr' | 'env' | 'cwd'>;

/** Runs one command line and says the exit code. Never throws for what a user can cause. */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  const morphArgs = argumentsOfMorph(argv, io.env.PROTEUS_INVOKED_AS);
  if (morphArgs !== undefined) {
    const { runMorph } = await import('./morph/run-morph.ts');
    return runMorph(morphArgs, io);
  }
  let work: Work | undefined;
  try {
    const line = splitCommandWords(argv);
    const args = expandArgumentFiles([...wordsOfName(io.env.PROTEUS_INVOKED_AS), ...(line?.own ?? argv)]);
    const entry = findCommand(args);
    const program = await describeProgram(entry, (found) => {
      work = found;
    });
    program.configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    });
    if (entry !== undefined) refuseRepeatedFlags(args);
    const normal = normaliseArguments(args, entry?.words.split(' ') ?? []);
    const rest = line === undefined || line.rest.length === 0 ? [] : ['--', ...line.rest];
    await program.parseAsync([...normal, ...rest], { from: 'user' });
    if (work === undefined) {
      program.outputHelp();
      return 0;
    }
    return await runWork(work, program.opts().json === true, io);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return reportError(error, io.stderr);
  }
}

/** Under the name of another program Proteus is that program: a link of that name to `bin/proteus` is enough. */
function wordsOfName(name: string | undefined): readonly string[] {
  return name === 'hydra-create-user' ? ['user', 'create'] : [];
}

/** Called as `morph`, or as `proteus morph`: all that follows is Morph's. */
function argumentsOfMorph(argv: readonly string[], name: string | undefined): readonly string[] | undefined {
  if (name === 'morph') return argv;
  return argv[0] === 'morph' ? argv.slice(1) : undefined;
}

async function runWork(work: Work, json: boolean, io: Io): Promise<number> {
  using interrupt = interruptSignal((name) => {
    // Elsewhere whoever sent it knows, and a log has lines of its own form.
    if (io.stderr.isTTY) io.stderr.write(`\nReceived ${name}: stopping…\n`);
  });
  const progress = chooseProgress({ json, stdout: io.stdout, stderr: io.stderr, env: io.env });
  try {
    return await work({
      stdin: io.stdin,
      stdout: io.stdout,
      stderr: progress.stderr,
      stderrIsTerminal: io.stderr.isTTY === true,
      env: io.env,
      cwd: io.cwd(),
      signal: interrupt.signal,
      emit: progress.emit,
      json,
    });
  } catch (error) {
    progress.close();
    if (interrupt.signal.aborted)
      return reportError(new AppError('interrupted', 'interrupted', { cause: error }), io.stderr);
    return reportError(error, io.stderr);
  } finally {
    progress.close();
  }
}

/** The entry whose words come first among what is not a flag, more words before fewer; global flags may stand before it. */
function findCommand(args: readonly string[]): CommandEntry | undefined {
  const words = args.filter((arg) => !arg.startsWith('-'));
  return [3, 2, 1]
    .map((count) => words.slice(0, count).join(' '))
    .map((text) => commandTable.find(({ words: wanted }) => wanted === text))
    .find((found) => found !== undefined);
}

async function describeProgram(
  entry: CommandEntry | undefined,
  found: (work: Work) => void,
): Promise<Command> {
  const program = new Command('proteus')
    .description('Keeps a NixOS network built, cached and deployed.')
    .version(version, '--version', 'print the version')
    .helpOption('--help', 'show what a command does and takes')
    .option('--json', 'print events as JSON lines on standard output; the last one is the result')
    .addHelpText(
      'after',
      `
Examples:
  proteus up network.nix                             in a git checkout: build and serve every commit
  proteus build network.nix                          build every host
  proteus deploy network.nix switch --on 'web*'      roll out to the web hosts
  proteus cache serve --key cache.secret             serve the store, signed
  proteus morph deploy network.nix switch            exactly as Morph does it
  proteus doctor                                     check this set-up
`,
    )
    .exitOverride()
    .showSuggestionAfterError();
  for (const candidate of commandTable) {
    const command = nested(program, candidate.words).description(candidate.summary);
    if (candidate !== entry) continue;
    const module = await candidate.load();
    module.define(command, found);
  }
  return program;
}

/** What the nouns are, for the list of commands. */
const nouns: Readonly<Record<string, string>> = {
  project: 'projects of a server',
  jobset: 'what is evaluated and built continuously',
  job: 'what a jobset builds',
  rollout: 'deployments to many hosts, and what became of them',
  queue: 'builds that are not finished',
  builder: 'machines that build',
  user: 'who may sign in to the server',
  token: 'tokens for programs',
  cache: 'the store as a binary cache',
  key: 'signing keys',
};

/** The command for `noun verb`, making the noun when it is not there yet. */
function nested(program: Command, words: string): Command {
  return words.split(' ').reduce((parent, word) => {
    const known = parent.commands.find((command) => command.name() === word);
    if (known !== undefined) return known;
    const made = parent
      .command(word)
      .helpOption('--help', 'show what this command does and takes')
      .exitOverride();
    return made.description(nouns[word] ?? '');
  }, program);
}
