/**
 * One try of a check that asks a URL, from here: a status of 200 to 299 is success. As Morph does it: HTTP/1.1, no
 * proxy whatever the environment says, ten requests at most when it is sent elsewhere, a header named Host replaces
 * that of the URL. Certificates are checked against those that Node brings and those of this machine.
 */

import { type ClientRequest, type IncomingMessage, request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { isIP } from 'node:net';
import { getCACertificates } from 'node:tls';
import type { HttpCheck } from '../../network/network.ts';
import { errorMessage } from '../../util/error-message.ts';
import { withinSeconds } from './within-seconds.ts';

const mostRequests = 10;
const sentElsewhere = [301, 302, 303, 307, 308];
/** Not for others than the host they were meant for. */
const secretHeaders = ['authorization', 'cookie', 'cookie2', 'proxy-authorization', 'www-authenticate'];

interface Asked {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly location: string | undefined;
}

/** Why it failed; undefined when it succeeded. `host`: where to ask when the check names no host. */
export async function tryHttp(
  check: HttpCheck,
  { host, signal }: { readonly host: string; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const name = check.host ?? host;
  const bracketed = name.includes(':') && !name.startsWith('[') ? `[${name}]` : name;
  const text = `${check.scheme}://${bracketed}:${check.port}${check.path}`;
  try {
    const asked = { url: new URL(text), headers: check.headers };
    return await withinSeconds(check.timeout, signal, (ended) => follow(asked, check.insecureSSL, ended));
  } catch (error) {
    return `Get "${text}": ${reasonOf(error)}`;
  }
}

/** In one line. Where a name has several addresses, each of them has a reason, and the whole has none. */
function reasonOf(error: unknown): string {
  const text =
    error instanceof AggregateError ? error.errors.map(errorMessage).join(', ') : errorMessage(error);
  return text.trim().replace(/\s+/g, ' ');
}

async function follow(first: Asked, insecure: boolean, signal: AbortSignal): Promise<string | undefined> {
  let asked = first;
  for (let count = 1; count <= mostRequests; count += 1) {
    const { status, text, location } = await ask(asked, insecure, signal);
    if (!sentElsewhere.includes(status) || location === undefined) {
      return status >= 200 && status < 300
        ? undefined
        : `Got non 2xx status code (${`${status} ${text}`.trimEnd()})`;
    }
    asked = next(asked, location);
  }
  throw new Error(`stopped after ${mostRequests} redirects`);
}

function next({ url, headers }: Asked, location: string): Asked {
  const target = new URL(location, url);
  // A Host of the check's own is for the server that the check names, and goes on with relative addresses only.
  const elsewhere = URL.canParse(location);
  const kept = Object.entries(headers).filter(([name]) => {
    const lower = name.toLowerCase();
    if (lower === 'host') return !elsewhere;
    return target.hostname === url.hostname || !secretHeaders.includes(lower);
  });
  return { url: target, headers: Object.fromEntries(kept) };
}

/** The status line and where it sends us; the body is not read. */
async function ask({ url, headers }: Asked, insecure: boolean, signal: AbortSignal): Promise<Answer> {
  // A connection of its own each time: what a kept one says does not show that the port still answers.
  const options = { agent: false, signal, headers: { 'User-Agent': 'proteus', ...headers } };
  const open = (onResponse: (response: IncomingMessage) => void): ClientRequest => {
    if (url.protocol === 'http:') return plainRequest(url, options, onResponse);
    if (url.protocol !== 'https:')
      throw new Error(`unsupported protocol scheme "${url.protocol.slice(0, -1)}"`);
    const hostname = url.hostname.replace(/^\[|\]$/g, '');
    // Not what the header Host says, which Node would take.
    const servername = isIP(hostname) === 0 ? hostname : '';
    const ca = insecure ? undefined : knownAuthorities();
    return tlsRequest(url, { ...options, servername, rejectUnauthorized: !insecure, ca }, onResponse);
  };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    open(resolve).on('error', reject).end();
  });
  response.on('error', () => {}).destroy();
  const { statusCode: status = 0, statusMessage: text = '', headers: got } = response;
  return { status, text, location: got.location };
}

let authorities: string[] | undefined;

/** Read once: a hundred and more files, and our own checks ask every two seconds. */
function knownAuthorities(): string[] {
  authorities ??= [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
  return authorities;
}
