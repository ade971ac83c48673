/**
 * What the completion of a shell asks for (`--completion-bash WORD...`), and the scripts that make a shell ask. A line
 * `**hint-files**` and the ending under it stand for files of that ending.
 */

import { switchActions } from '../../deploy/deploy-plan.ts';
import { globalFlags, type MorphCommand, morphCommands } from './morph-commands.ts';

const files = ['**hint-files**', 'nix'];

/** Possible next words, given those so far; the last of them is the one that is being written. */
export function morphCompletions(words: readonly string[]): readonly string[] {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  // A line that ends in a whole word asks for what could follow it.
  const done = morphCommands.some(({ name }) => name === current) ? words : before;
  const command = morphCommands.find(({ name }) => done.includes(name));
  const flags = [...(command?.flags ?? []), ...globalFlags];
  if (current.startsWith('--')) return flags.map(({ name }) => `--${name}`);
  const last = flags.find(({ name }) => before.at(-1) === `--${name}`);
  if (last?.type === 'file') return files;
  if (last !== undefined && last.type !== 'switch') return [];
  if (command === undefined) return ['help', ...morphCommands.map(({ name }) => name)];
  return ofArgument(command, argumentsIn(done.slice(done.indexOf(command.name) + 1), flags));
}

function ofArgument(command: MorphCommand, count: number): readonly string[] {
  const argument = command.args[count];
  if (argument?.type === 'file') return files;
  return argument?.type === 'action' ? switchActions : [];
}

function argumentsIn(words: readonly string[], flags: MorphCommand['flags']): number {
  return words.filter((word, index) => {
    if (word.startsWith('-')) return false;
    const flag = flags.find(({ name }) => words[index - 1] === `--${name}`);
    return flag === undefined || flag.type === 'switch';
  }).length;
}

const ask = `_morph_complete() {
  local words
  words=$("\${COMP_WORDS[0]}" --completion-bash "\${COMP_WORDS[@]:1:COMP_CWORD}")
  case $words in
    '**hint-files**'*)
      if type _filedir >/dev/null 2>&1; then _filedir "@(\${words##*$'\\n'})"
      else mapfile -t COMPREPLY < <(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"); fi ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}") ;;
  esac
}
complete -F _morph_complete morph
`;

export const completionScripts = {
  bash: ask,
  zsh: `#compdef morph
autoload -U compinit && compinit
autoload -U bashcompinit && bashcompinit
_morph_complete() {
  local words
  words=$("\${COMP_WORDS[0]}" --completion-bash "\${COMP_WORDS[@]:1:$COMP_CWORD}")
  case $words in
    '**hint-files**'*) COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}")) ;;
  esac
}
complete -F _morph_complete morph
`,
} as const;
