/** The answers that all kinds of requests to the cache share. A HEAD gets the headers of the GET, and no body. */

import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { matchesEtag } from './matches-etag.ts';

/** Never remembered by anything in between: the path may be built in the next second. */
export const notFoundHeaders = {
  'Content-Type': 'text/plain',
  'Cache-Control': 'no-store',
} as const;
export const notFoundBody = Buffer.from('404 not found\n');

/** 200 with the whole body, or 304 when the headers' `ETag` is one that the client has. */
export function sendBody(
  req: IncomingMessage,
  res: ServerResponse,
  body: Buffer,
  headers: OutgoingHttpHeaders & { readonly ETag?: string },
): void {
  if (headers.ETag !== undefined && matchesEtag(req.headers['if-none-match'], headers.ETag)) {
    sendNotModified(res, headers);
    return;
  }
  res.writeHead(200, { ...headers, 'Content-Length': body.length });
  res.end(body);
}

export function sendNotModified(res: ServerResponse, headers: OutgoingHttpHeaders): void {
  const { ETag, 'Cache-Control': cacheControl } = headers;
  res.writeHead(304, { ETag, 'Cache-Control': cacheControl }).end();
}

/** As short as it can be: nothing is answered more often. */
export function sendNotFound(res: ServerResponse): void {
  // That the connection is kept goes without saying in HTTP/1.1, and only there.
  if (res.shouldKeepAlive && res.req.httpVersion === '1.1') res.removeHeader('Connection');
  res.writeHead(404, { ...notFoundHeaders, 'Content-Length': notFoundBody.length });
  res.end(notFoundBody);
}
