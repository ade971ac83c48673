/**
 * A log over HTTP: whole, a range of its bytes, its last lines, or from some byte on and on as it is written. What is
 * not taken by the client is not read. The size of a log that is being written is not known; ranges say `*`.
 */

import { parseRange } from '../cache/parse-range.ts';
import type { LogReader } from '../ci/ci.ts';
import type { ApiContext } from './api-deps.ts';
import { notFound } from './http/find-records.ts';
import { streamBytes } from './http/stream-bytes.ts';

export interface LogRequest {
  /** As the database has it; null: nothing was run. */
  readonly file: string | null;
  /** Only so many of its last lines. */
  readonly tail?: number | undefined;
  /** Until the log ends; with `tail`, from those lines on. */
  readonly follow?: boolean | undefined;
}

const maxTailLines = 100_000;

/** Throws `api.not-found`. */
export async function serveLog(
  c: ApiContext,
  logs: LogReader,
  { file, tail, follow = false }: LogRequest,
): Promise<Response> {
  const stat = file === null ? undefined : await logs.stat(file);
  if (file === null || stat === undefined) throw notFound('There is no log of this.');
  c.header('Content-Type', 'text/plain; charset=utf-8');
  // Of what a builder prints nothing may run in a browser that takes it for something else.
  c.header('Content-Security-Policy', "default-src 'none'; sandbox");
  const { bytes, live } = stat;
  const lastLines =
    tail === undefined ? undefined : await findTail(logs, file, bytes, Math.min(tail, maxTailLines));
  if (lastLines !== undefined && !follow) {
    return c.body(streamBytes(() => logs.read(file, { from: lastLines, to: bytes })));
  }
  const range = parseRange(c.req.header('Range'), bytes);
  const size = live ? '*' : String(bytes);
  if (follow) {
    const from = lastLines ?? (range === 'unsatisfiable' ? bytes : (range?.start ?? 0));
    c.header('X-Accel-Buffering', 'no');
    return c.body(streamBytes((signal) => logs.follow(file, from, signal)));
  }
  c.header('Accept-Ranges', 'bytes');
  if (range === 'unsatisfiable') {
    c.header('Content-Range', `bytes */${bytes}`);
    return c.body('', 416);
  }
  const { start, end } = range ?? { start: 0, end: bytes };
  if (range !== undefined) c.header('Content-Range', `bytes ${start}-${end - 1}/${size}`);
  c.header('Content-Length', String(end - start));
  return c.body(
    streamBytes(() => logs.read(file, { from: start, to: end })),
    range === undefined ? 200 : 206,
  );
}

/** Where the last lines begin; a line that has no end yet counts. */
async function findTail(logs: LogReader, file: string, bytes: number, lines: number): Promise<number> {
  for (let window = 65_536; ; window *= 4) {
    const from = Math.max(0, bytes - window);
    const ends: number[] = [];
    let at = from;
    for await (const piece of logs.read(file, { from, to: bytes })) {
      for (let end = piece.indexOf(10); end !== -1; end = piece.indexOf(10, end + 1)) ends.push(at + end);
      at += piece.length;
    }
    // The end of the text ends its last line.
    if (ends.at(-1) === bytes - 1) ends.pop();
    const before = ends.at(-lines);
    if (before !== undefined) return before + 1;
    if (from === 0) return 0;
  }
}
