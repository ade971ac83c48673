/** What `--help` prints under Morph's name: usage, flags and arguments in two columns, at most 80 wide. */

import { globalFlags, type MorphCommand, type MorphFlag, morphCommands } from './morph-commands.ts';

const width = 80;

/** Undefined: of the whole program. `long`: with the flags of every command. */
export function morphUsage(command: MorphCommand | undefined, { long = false } = {}): string {
  if (command !== undefined) return ofCommand(command);
  const commands = morphCommands.flatMap((entry) => [
    `  ${form(entry)}`,
    ...wrap(entry.summary, width - 4).map((line) => `    ${line}`),
    ...(long ? columns(entry.flags.map(flagColumns), 4) : []),
    '',
  ]);
  return lines([
    'usage: morph [<flags>] <command> [<args> ...]',
    '',
    'Builds and deploys a network of NixOS hosts (Proteus, under the name of Morph).',
    '',
    'Flags:',
    ...columns(globalFlags.map(flagColumns)),
    '',
    'Commands:',
    '  help [<command>...]',
    '    Show what a command does and takes.',
    '',
    ...commands,
  ]);
}

function ofCommand(command: MorphCommand): string {
  return lines([
    `usage: morph ${form(command)}`,
    '',
    ...wrap(command.summary, width),
    '',
    'Flags:',
    ...columns([...globalFlags, ...command.flags].map(flagColumns)),
    '',
    'Args:',
    ...columns(command.args.map(({ name, summary }) => [`<${name}>`, summary])),
    '',
  ]);
}

function form({ name, flags, args }: MorphCommand): string {
  const words = args.map((argument) => `<${argument.name}>${argument.type === 'texts' ? '...' : ''}`);
  return [name, ...(flags.length > 0 ? ['[<flags>]'] : []), ...words].join(' ');
}

function flagColumns({ name, placeholder, summary }: MorphFlag): readonly [string, string] {
  return [`--${name}${placeholder === undefined ? '' : `=${placeholder}`}`, summary];
}

function columns(rows: readonly (readonly [left: string, right: string])[], indent = 2): readonly string[] {
  const left = indent + Math.max(0, ...rows.map(([text]) => text.length)) + 2;
  const margin = ' '.repeat(indent);
  return rows.flatMap(([name, text]) =>
    wrap(text, width - left).map((line, index) => `${margin}${index === 0 ? name : ''}`.padEnd(left) + line),
  );
}

function wrap(text: string, most: number): readonly string[] {
  const all: string[] = [];
  for (const word of text.split(' ')) {
    const last = all.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= most) all[all.length - 1] = `${last} ${word}`;
    else all.push(word);
  }
  return all;
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
