/**
 * A command with root's rights on a host whose login is another user's: through sudo in Morph's form, which takes no
 * remembered password. A password goes over standard input and nowhere else. sudo reads it only when it needs one. Once
 * it is root it says so, which tells a refusal of sudo from a failure of the command, and skips what sudo has not read, up
 * to a line with a mark: whoever reads, the password reaches no command. The mark is sent only then, as sudo would
 * take it for a second password, and whoever mistypes one of them too often is locked out.
 */

import { shellQuote } from '../../process/ssh.ts';

export interface RootCommand {
  readonly words: readonly string[];
  /** The line on standard error that says that sudo let us in. */
  readonly isReady: (line: string) => boolean;
  /** Comes first on standard input. */
  readonly password: string;
  /** Comes next, before what is sent to the command, once it is ready. */
  readonly afterReady: string;
}

/** `mark`: a random word of letters and digits. */
export function asRoot(words: readonly string[], mark: string, password: string | undefined): RootCommand {
  const ready = `proteus: root ${mark}`;
  const skip = `while IFS= read -r line; do [ "$line" = ${mark} ] && break; done; `;
  const script = `echo "${ready}" >&2; ${password === undefined ? '' : skip}exec "$@"`;
  // `''` is for the shell of the host, which makes an empty word of it.
  const sudo = ['sudo', password === undefined ? '-n' : '-S', '-p', "''", '-k', '--'];
  return {
    words: [...sudo, 'sh', '-c', shellQuote(script), 'proteus', ...words],
    isReady: (line) => line.endsWith(ready),
    password: password === undefined ? '' : `${password}\n`,
    afterReady: password === undefined ? '' : `${mark}\n`,
  };
}
