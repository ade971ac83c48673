/**
 * Store URIs as Nix has them, so far as a daemon is behind them: `local`, `auto`, `daemon`, `unix:///path`,
 * `local?root=…`, `ssh-ng://[user@]host[:port][?option=value&…]`, `ssh://…` (taken for ssh-ng) and a plain host name.
 * Source: libstore/store-api.cc, ssh-store.cc; machines files have the same.
 */

import { isIPv6 } from 'node:net';
import { AppError } from '../util/app-error.ts';
import type { StoreSpec } from './store-spec.ts';

/** Options that say how Nix's own client goes about it, and mean nothing to ours. */
const ignored = new Set([
  'compress',
  'max-connections',
  'max-connection-age',
  'path-info-cache-size',
  'priority',
  'want-mass-query',
  'system-features',
  'trusted',
  'log-fd',
]);

const sshForm = /^(?:(?<user>[^@/?[\]:]+)@)?(?<host>\[[0-9a-fA-F:.]+\]|[^@/?[\]:]+)(?::(?<port>\d{1,5}))?$/;

/** Throws `store.uri` naming the URI and what is wrong with it. */
export function parseStoreUri(uri: string): StoreSpec {
  const [address, query] = split(uri, '?');
  if (['', 'local', 'auto', 'daemon'].includes(address)) {
    if (query === '') return { type: 'local' };
    return {
      type: 'command',
      name: uri,
      argv: ['nix-daemon', '--stdio', '--store', `${address || 'auto'}?${query}`],
    };
  }
  const [scheme, rest] = address.includes('://') ? split(address, '://') : ['ssh-ng', address];
  if (scheme === 'unix') {
    if (!rest.startsWith('/')) throw invalid(uri, 'the path of a socket begins with a slash');
    return { type: 'socket', path: decode(uri, rest) };
  }
  if (scheme === 'ssh-ng' || scheme === 'ssh') return parseSsh(uri, rest, query);
  throw invalid(uri, `a store of the kind ${JSON.stringify(scheme)} has no daemon to talk to`);
}

function parseSsh(uri: string, address: string, query: string): StoreSpec {
  const parts = sshForm.exec(address)?.groups;
  const host = parts?.host?.replace(/^\[|\]$/g, '');
  if (host === undefined || /[\s\p{Cc}]/u.test(address) || host.startsWith('-')) {
    throw invalid(uri, `${JSON.stringify(address)} is not [user@]host[:port]`);
  }
  if (host.includes(':') && !isIPv6(host)) throw invalid(uri, `${host} is no address`);
  const port = parts?.port === undefined ? undefined : Number(parts.port);
  if (port !== undefined && (port === 0 || port > 65_535)) throw invalid(uri, `there is no port ${port}`);
  let identityFile: string | undefined;
  let remoteProgram: string | undefined;
  let remoteStore: string | undefined;
  for (const option of query.split('&').filter((text) => text !== '')) {
    const [name, value] = split(option, '=');
    if (name === 'ssh-key') identityFile = decode(uri, value);
    else if (name === 'remote-program') remoteProgram = decode(uri, value);
    else if (name === 'remote-store') remoteStore = decode(uri, value);
    else if (!ignored.has(name)) throw invalid(uri, `the option ${JSON.stringify(name)} is not known`);
  }
  return {
    type: 'ssh',
    target: { host, port, user: parts?.user },
    settings: { identityFile },
    remoteProgram,
    remoteStore,
  };
}

function split(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}

function decode(uri: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid(uri, `${JSON.stringify(text)} is not percent-encoded as it should be`);
  }
}

function invalid(uri: string, why: string): AppError {
  return new AppError('store.uri', `cannot use the store ${JSON.stringify(uri)}: ${why}`);
}
