/**
 * The `.ls` document of a path whose NAR is a file: the tree with sizes and offsets, read out of the NAR, as the path
 * itself need not be in the store.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { narListing } from '../../nix/nar-listing.ts';
import { NarParser } from '../../nix/nar-parser.ts';
import { matchesEtag } from '../matches-etag.ts';
import type { PathSource } from '../path-source.ts';
import { sendBody, sendNotFound, sendNotModified } from '../reply.ts';
import type { StoredNars } from '../stored/stored-nars.ts';

/** Of a NAR with more files no listing is made: it would have to be held in memory. */
const maxNodes = 500_000;

export async function serveStoredListing(
  req: IncomingMessage,
  res: ServerResponse,
  hashPart: string,
  source: Pick<PathSource, 'mayHave' | 'lookup'>,
  stored: Pick<StoredNars, 'unpack'>,
  signal: AbortSignal,
): Promise<void> {
  const path = source.mayHave(hashPart) ? await source.lookup(hashPart) : undefined;
  if (path?.stored === undefined) return sendNotFound(res);
  const headers = {
    'Content-Type': 'application/json',
    'Cache-Control': 'public, max-age=86400',
    ETag: `"${path.narHash}"`,
  };
  if (matchesEtag(req.headers['if-none-match'], headers.ETag)) return sendNotModified(res, headers);
  const builder = narListing();
  const parser = new NarParser(builder.handler, { what: path.path, maxNodes });
  for await (const piece of stored.unpack(path.stored, { start: 0, end: path.narSize }, signal))
    parser.push(piece);
  parser.finish();
  sendBody(req, res, Buffer.from(JSON.stringify(builder.listing())), headers);
}
