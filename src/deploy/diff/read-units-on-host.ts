/** The systemd units of a system that only the host has. What it answers is counted and looked at, and never followed. */

import type { StorePath } from '../../nix/store-path.ts';
import { shellQuote } from '../../process/ssh.ts';
import type { HostSession } from '../session/host-session.ts';
import { type Units, unitFolder, unitsOf } from './read-units.ts';

/** No host has as many lines to tell. */
const mostLines = 20_000;

/** Undefined when it has no such system, or its answer makes no sense. Throws what becomes of the connection. */
export async function readUnitsOnHost(
  session: Pick<HostSession, 'run'>,
  toplevel: StorePath,
  { signal }: { readonly signal: AbortSignal },
): Promise<Units | undefined> {
  // Names, a line that no name is, and as many files.
  const script =
    `cd ${toplevel}/${unitFolder} || exit 3; set -- *; ` +
    'for file in *.d/*.conf; do [ ! -e "$file" ] || set -- "$@" "$file"; done; ' +
    `printf '%s\\n' "$@" //; readlink -f -- "$@"`;
  const lines: string[] = [];
  const code = await session.run(['sh', '-c', shellQuote(script)], {
    signal,
    onLine: (line) => {
      if (lines.length < mostLines) lines.push(line);
    },
  });
  const middle = lines.indexOf('//');
  const [names, files] = [lines.slice(0, middle), lines.slice(middle + 1)];
  if (code !== 0 || middle === -1 || names.length !== files.length) return undefined;
  return unitsOf(names.map((name, index) => [name, files[index] ?? ''] as const));
}
