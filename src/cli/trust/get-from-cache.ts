/**
 * One GET, as Nix would do it: with the certificates that Nix trusts rather than those of Node, and a login that stands
 * in the address. Redirections are followed; of an answer no more than a mebibyte is read.
 */

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { get as httpsGet } from 'node:https';

export interface CacheAnswer {
  readonly status: number;
  readonly body: string;
  /** What the `Date` header says, in milliseconds since 1970. */
  readonly date: number | undefined;
}

export interface CacheGetOptions {
  readonly signal: AbortSignal;
  /** File of the certificates to trust; those of Node when it cannot be read. */
  readonly certificates: string;
  /** Sent to the host that is asked first, and to no other. */
  readonly authorization?: string | undefined;
}

/** Where most systems keep the certificates that they trust. */
export const systemCertificates = '/etc/ssl/certs/ca-certificates.crt';

const maxBytes = 1024 * 1024;
const maxRedirections = 10;
const timeoutMs = 30_000;

/** Throws what the connection throws. */
export async function getFromCache(url: string, options: CacheGetOptions): Promise<CacheAnswer> {
  const ca = await readFile(options.certificates, 'utf8').catch(() => undefined);
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(timeoutMs)]);
  const { host } = new URL(url);
  for (let target = new URL(url), count = 0; ; count++) {
    const secure = target.protocol === 'https:';
    const isSame = options.authorization !== undefined && target.host === host;
    const headers = isSame ? { authorization: options.authorization } : {};
    const common = { signal, agent: false as const, headers };
    const req = secure
      ? httpsGet(target, { ...common, ...(ca === undefined ? {} : { ca }) })
      : httpGet(target, common);
    // Its failure comes as that of the answer too, once there is one.
    req.on('error', () => {});
    const [res] = (await once(req, 'response')) as [IncomingMessage]; // what the event has
    const { statusCode: status = 0 } = res;
    if (status >= 300 && status < 400 && res.headers.location !== undefined && count < maxRedirections) {
      res.destroy();
      target = new URL(res.headers.location, target);
      if (!/^https?:$/.test(target.protocol)) throw new Error(`it leads to ${target.protocol}//…`);
      continue;
    }
    const date = Date.parse(res.headers.date ?? '');
    return { status, body: await readBody(res), date: Number.isNaN(date) ? undefined : date };
  }
}

async function readBody(res: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of res as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxBytes) break;
  }
  return Buffer.concat(chunks).toString();
}
