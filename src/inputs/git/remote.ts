/**
 * Where a git repository is fetched from: an address that may be put on a command line and shown to people, and the
 * credentials that were written into it, which may not.
 *
 * Allowed are `http(s)://`, `ssh://` (also as `git+ssh://`), `git://`, `file://`, an absolute path and `[USER@]HOST:PATH`.
 * Everything else is refused, above all git's remote helpers (`ext::sh -c …`) and what would be taken for an option.
 */

import { AppError } from '../../util/app-error.ts';
import { splitUrl } from '../split-url.ts';

export interface GitRemote {
  /** Without a password, and over HTTP without a user either, for that is often a token. */
  readonly address: string;
  readonly kind: 'http' | 'ssh' | 'git' | 'local';
  readonly user: string | undefined;
  readonly password: string | undefined;
}

const kinds: Readonly<Record<string, GitRemote['kind']>> = {
  'http:': 'http',
  'https:': 'http',
  'ssh:': 'ssh',
  'git+ssh:': 'ssh',
  'git:': 'git',
  'file:': 'local',
};

/** Reads an address. Throws `input.invalid`. */
export function parseRemote(text: string): GitRemote {
  if (/[\u0000-\u0020\u007f]/.test(text)) throw refuse(text, 'it has a space or a control character in it');
  if (text.startsWith('-')) throw refuse(text, 'it would be taken for an option');
  if (text.startsWith('/')) return { address: text, kind: 'local', user: undefined, password: undefined };
  // Also without a name before it: git reads `::x` so.
  if (/^[A-Za-z0-9+.-]*::/.test(text)) throw refuse(text, 'remote helpers of git can run any program');
  return text.includes('://') ? parseUrl(text) : parseScp(text);
}

function parseUrl(text: string): GitRemote {
  const url = splitUrl(text);
  if (url === undefined) throw refuse(text, 'it is no URL');
  const { scheme, userInfo, host, path } = url;
  const kind = kinds[scheme];
  if (kind === undefined) throw refuse(text, `${scheme}// is none of ${Object.keys(kinds).join(' ')}`);
  if (kind === 'local' && host !== '') throw refuse(text, 'a file:// URL has three slashes');
  if (kind !== 'local' && host === '') throw refuse(text, 'it names no host');
  const [, user, password] = /^([^:]*)(?::(.*))?$/.exec(userInfo ?? '')?.map(decode) ?? [];
  if (host.startsWith('-') || user?.startsWith('-')) throw refuse(text, 'it would be taken for an option');
  // They go to git line by line.
  if (/[\u0000-\u001f\u007f]/.test(`${user}${password}`))
    throw refuse(text, 'its user has a control character in it');
  const shownUser = kind === 'ssh' && userInfo !== undefined ? `${userInfo.split(':')[0]}@` : '';
  return { address: `${scheme}//${shownUser}${host}${path}`, kind, user, password };
}

function parseScp(text: string): GitRemote {
  const [, user, host, path] = /^(?:([^@/:]+)@)?(\[[0-9A-Fa-f:.%]+\]|[^@/:[\]]+):(.*)$/.exec(text) ?? [];
  if (host === undefined || path === undefined || path === '') {
    throw refuse(text, 'it is neither a URL nor an absolute path nor HOST:PATH');
  }
  if (host.startsWith('-')) throw refuse(text, 'it would be taken for an option');
  return { address: text, kind: 'ssh', user, password: undefined };
}

/**
 * The address of a submodule as its superproject writes it: relative ones begin with `./` or `../` and are meant from
 * the superproject's own.
 */
export function resolveSubmodule(superproject: string, text: string): string {
  if (!/^\.\.?\//.test(text)) return text;
  let base = superproject.replace(/\/+$/, '');
  let rest = text;
  for (let step = /^\.\.?\//.exec(rest); step !== null; step = /^\.\.?\//.exec(rest)) {
    rest = rest.slice(step[0].length);
    // The last component goes; in HOST:PATH the host stays.
    if (step[0] === '../') base = base.replace(/(?:\/|(?<=:))[^/:]+$/, '');
  }
  return base.endsWith(':') ? base + rest : `${base}/${rest}`;
}

function decode(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The text is not quoted beyond its host: what makes it unreadable may be a password. */
function refuse(text: string, why: string): AppError {
  const shown = text.includes('@') ? '' : ` ${JSON.stringify(text.slice(0, 200))}`;
  return new AppError(
    'input.invalid',
    `wanted the address of a git repository (https://, ssh://, git://, file://, /PATH or HOST:PATH), got one${shown} that is refused: ${why}`,
  );
}
