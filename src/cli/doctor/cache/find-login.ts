/**
 * The login that Nix sends to a cache: what the netrc file that its settings name has for the host. Whoever does the work
 * must be able to read the file: the daemon where there is one, else Nix itself.
 */

import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { type Check, problem } from '../check.ts';
import type { SettingsInForce } from './find-settings.ts';
import { findNetrcEntry, type NetrcEntry, parseNetrc } from './parse-netrc.ts';

export interface CacheLogin {
  /** The file that Nix reads. */
  readonly file: string;
  /** `entry`: it is sent; `none`: the file has none for the host; `unreadable`: this user may not look into it. */
  readonly state: 'entry' | 'none' | 'missing' | 'unreadable';
  /** The header; never to be shown. */
  readonly authorization: string | undefined;
  /** What keeps the daemon from reading it. */
  readonly checks: readonly Check[];
}

export const netrcDefault = '/etc/nix/netrc';

/** `proc`: where processes are seen. Never throws. */
export async function findLogin(
  url: string,
  { effective, daemon }: Pick<SettingsInForce, 'effective' | 'daemon'>,
  proc = '/proc',
): Promise<CacheLogin> {
  const file = effective['netrc-file'] || netrcDefault;
  const base = { file, authorization: undefined };
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return { ...base, state: isMissing ? 'missing' : 'unreadable', checks: [] };
  }
  const pid = daemon?.process?.pid;
  const why = pid === undefined ? undefined : await whyUnreadable(file, pid, proc);
  const checks =
    why === undefined
      ? []
      : [
          problem(
            'netrc',
            `the daemon cannot read ${file}: ${why}; it asks the cache without a login`,
            `let it: chown root ${file}; chmod 600 ${file}, in a folder that the daemon sees`,
          ),
        ];
  const { hostname, username } = new URL(url);
  const entry = findNetrcEntry(parseNetrc(text), hostname);
  // A login in the address goes before all others.
  if (entry === undefined || username !== '') return { ...base, state: 'none', checks };
  return { ...base, state: 'entry', authorization: basic(entry), checks };
}

function basic({ login, password }: NetrcEntry): string {
  return `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}`;
}

/** As far as can be seen from here; undefined when nothing speaks against it. */
async function whyUnreadable(file: string, pid: number, proc: string): Promise<string | undefined> {
  const status = await readFile(`${proc}/${pid}/status`, 'utf8').catch(() => '');
  const numbers = (name: string): readonly number[] =>
    (new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '')
      .split(/\s+/)
      .filter((text) => text !== '')
      .map(Number);
  const [, uid = 0] = numbers('Uid');
  const groups = [numbers('Gid')[1] ?? 0, ...numbers('Groups')];
  // A service may see another tree than we do; only root may look into it.
  const root = `${proc}/${pid}/root`;
  const seesOther = (await stat(`${root}/`).catch(() => undefined)) !== undefined;
  const at = seesOther ? root + file : file;
  if ((await stat(at).catch(() => undefined)) === undefined && seesOther)
    return 'it is not there where the daemon looks';
  if (uid === 0) return undefined;
  for (let part = file; ; part = path.dirname(part)) {
    const { mode, uid: owner, gid } = await stat((seesOther ? root : '') + part).catch(() => noStat);
    const shift = owner === uid ? 6 : groups.includes(gid) ? 3 : 0;
    const needed = part === file ? 4 : 1;
    if (((mode >> shift) & needed) === 0) return `it runs as user ${uid}, who may not read ${part}`;
    if (part === '/') return undefined;
  }
}

const noStat = { mode: 0o777, uid: -1, gid: -1 };
