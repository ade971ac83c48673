/** Is there a binary cache, and one for our store? Also compares its clock with ours. */

import { errorMessage } from '../../../util/error-message.ts';
import { printable } from '../../../util/printable.ts';
import type { CacheAnswer } from '../../trust/get-from-cache.ts';
import { type Check, ok, problem, warning } from '../check.ts';
import { type CacheLogin, netrcDefault } from './find-login.ts';

export interface CacheInfoResult {
  readonly checks: readonly Check[];
  /** It answers, and is a cache for this store folder. */
  readonly usable: boolean;
}

/** `ask`: does the request. Never throws. */
export async function checkCacheInfo(
  url: string,
  ask: (url: string) => Promise<CacheAnswer>,
  now: () => number,
  login?: Pick<CacheLogin, 'file' | 'state'>,
): Promise<CacheInfoResult> {
  const bad = (detail: string, mend: string): CacheInfoResult => ({
    checks: [problem('cache', detail, mend)],
    usable: false,
  });
  let answer: CacheAnswer;
  try {
    answer = await ask(`${url}/nix-cache-info`);
  } catch (error) {
    return bad(`cannot be reached at ${url}: ${errorMessage(error)}`, mendConnection(error));
  }
  const { status, body } = answer;
  if (status === 401 || status === 403 || status === 407) {
    const { file = netrcDefault, state = 'missing' } = login ?? {};
    const { detail, mend } = aboutLogin[state](new URL(url).hostname, file);
    return bad(
      `${shown(url)} wants a login (HTTP status ${status}), and ${detail}; Nix says of that "does not appear to be a binary cache"`,
      mend,
    );
  }
  const storeDir = /^StoreDir:\s*(.*?)\s*$/m.exec(body)?.[1];
  if (status !== 200 || storeDir === undefined) {
    const got =
      status === 200 ? `it begins ${JSON.stringify(printable(body.slice(0, 60)))}` : `HTTP status ${status}`;
    return bad(
      `${url}/nix-cache-info is not that of a binary cache: ${got}`,
      'look at the address: it is the one that /nix-cache-info is below; a cache of Proteus may be under /c/NAME',
    );
  }
  if (storeDir !== '/nix/store') {
    return bad(
      `is for the store folder ${JSON.stringify(printable(storeDir))}, this machine has /nix/store`,
      'use a cache that was made for /nix/store: paths of another folder cannot be used here',
    );
  }
  const priority = /^Priority:\s*(\d+)\s*$/m.exec(body)?.[1];
  const first =
    priority === undefined
      ? warning(
          'cache',
          `answers at ${url}, but says no priority, which counts as 0: it is asked before all others`,
          `say one in the client: ${url}?priority=50`,
        )
      : ok(
          'cache',
          `answers at ${shown(url)}, priority ${priority} (lower is asked first; cache.nixos.org has 40)`,
        );
  return { checks: [first, ...checkClock(answer.date, now())], usable: true };
}

/** What is known of the login that Nix has, where the cache has refused it. */
const aboutLogin: Readonly<
  Record<
    CacheLogin['state'],
    (host: string, file: string) => { readonly detail: string; readonly mend: string }
  >
> = {
  missing: (host, file) => ({
    detail: `the netrc-file of Nix, ${file}, is not there`,
    mend: `write it, for root only: machine ${host} login nix password TOKEN`,
  }),
  none: (host, file) => ({
    detail: `the netrc-file of Nix, ${file}, has none for ${host}`,
    mend: `put a line into ${file}: machine ${host} login nix password TOKEN`,
  }),
  entry: (host, file) => ({
    detail: `does not take the one that the netrc-file of Nix, ${file}, has for ${host}`,
    mend: `put a token that is good into the first entry for ${host} in ${file} (proteus cache token create CACHE NAME makes one)`,
  }),
  unreadable: (host, file) => ({
    detail: `the netrc-file of Nix, ${file}, cannot be read by this user, so that no login was tried`,
    mend: `run the doctor as root; the line to have there is: machine ${host} login nix password TOKEN`,
  }),
};

/** Without what should not be shown. */
function shown(url: string): string {
  const { username, password } = new URL(url);
  return username + password === '' ? url : url.replace(/\/\/[^/@]*@/, '//…@');
}

const toleranceMs = 5 * 60_000;

function checkClock(theirs: number | undefined, ours: number): readonly Check[] {
  if (theirs === undefined || Math.abs(theirs - ours) <= toleranceMs) return [];
  const minutes = Math.round(Math.abs(theirs - ours) / 60_000);
  return [
    warning(
      'clock',
      `the clock here is ${minutes} minutes ${ours > theirs ? 'ahead of' : 'behind'} that of the cache: certificates seem invalid, and what Nix remembers expires at the wrong time`,
      'set the clocks: timedatectl set-ntp true',
    ),
  ];
}

function mendConnection(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'look at the name: it has no address here (DNS)';
  if (code === 'ECONNREFUSED') return 'start the cache, or look at the port; nothing listens there';
  if (/CERT|SIGNATURE|ISSUER|SELF_SIGNED|ALTNAME/.test(code)) {
    return 'Nix must trust its certificate: set ssl-cert-file in nix.conf (or NIX_SSL_CERT_FILE of the daemon) to a file that has its authority, or mend the certificate';
  }
  return 'look whether a firewall or a proxy is between: curl -v URL/nix-cache-info';
}
