/**
 * The line of a command that takes another command (`exec`): its own flags end at its first argument, the network file,
 * and what follows is nobody's but the other command's, dashes, `@` and all.
 */

/** Flags of such commands that take a value in a word of its own. */
const withValue = new Set([
  '--on',
  '--tagged',
  '--every',
  '--skip',
  '--limit',
  '--order-by-tags',
  '--workers',
  '--parallel',
  '--passcmd',
  '--timeout',
  '--script',
]);

export interface SplitLine {
  readonly own: readonly string[];
  readonly rest: readonly string[];
}

/** `undefined` for other commands. `-- COMMAND` is taken as well. */
export function splitCommandWords(argv: readonly string[]): SplitLine | undefined {
  const at = argv.findIndex((word) => !word.startsWith('-'));
  if (argv[at] !== 'exec') return undefined;
  let index = at + 1;
  while (index < argv.length) {
    const word = argv[index] ?? '';
    if (!word.startsWith('-') && !word.startsWith('@')) break;
    index += withValue.has(word) ? 2 : 1;
  }
  const rest = argv.slice(index + 1);
  return { own: argv.slice(0, index + 1), rest: rest[0] === '--' ? rest.slice(1) : rest };
}
