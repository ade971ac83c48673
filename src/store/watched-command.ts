/**
 * A command on another machine that ends when our connection to it does. A daemon should notice that by itself, for
 * its input ends; but what it is told can get lost while it waits for a build (seen with Nix 2.34), and the build
 * would go on for hours after it was cancelled. So a shell beside it looks every two seconds whether sshd's session is
 * still there, and asks the command to end when it is not.
 */

import { shellQuote } from '../process/ssh.ts';

/** What an announced command says first, on its standard error: its process, and that of the session. */
export const announced = /^proteus: process (\d+) of (\d+)\n?/m;

/**
 * The words that end a command there that announced itself, in another session of the same login; `undefined` when it
 * did not. The number alone may be another process' by now.
 */
export function endAnnounced(said: string): readonly string[] | undefined {
  const [, pid, session] = announced.exec(said) ?? [];
  if (pid === undefined || session === undefined) return undefined;
  const script = `read -r _ _ _ parent _ < /proc/${pid}/stat && [ "$parent" = ${session} ] && kill ${pid}`;
  return ['sh', '-c', shellQuote(script)];
}

/**
 * The words to run there, ready for the login shell. Where the session belongs to another user, its end cannot be seen
 * from there, and nothing is watched.
 */
export function watchedCommand(
  words: readonly string[],
  options: { readonly announce?: boolean | undefined } = {},
): readonly string[] {
  const watch = 'kill -0 $p && { while kill -0 $p && kill -0 $$; do sleep 2; done; kill -0 $p || kill $$; }';
  // The watcher must not hold the streams of the session, which would last for as long as it does.
  const announcement = options.announce ? 'echo "proteus: process $$ of $PPID" >&2; ' : '';
  const command = words.map(shellQuote).join(' ');
  const script = `p=$PPID; ${announcement}(${watch}) </dev/null >/dev/null 2>&1 & exec ${command}`;
  return ['sh', '-c', shellQuote(script)];
}
