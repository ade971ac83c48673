/**
 * JSON or HTML: the same URLs answer both. As with Hydra the type of the request's own body decides first, then a
 * `content-type` in the query, then what the client accepts. Who accepts anything gets HTML.
 */

import type { ApiContext } from '../api-deps.ts';

const jsonTypes: ReadonlySet<string> = new Set(['application/json', 'text/x-json']);
const htmlTypes: ReadonlySet<string> = new Set(['text/html', 'application/xhtml+xml', 'text/*', '*/*']);

export function wantsJson(c: ApiContext): boolean {
  const given = c.req.header('Content-Type') ?? c.req.query('content-type') ?? '';
  return jsonTypes.has(mediaType(given)) || acceptsJson(c.req.header('Accept') ?? '');
}

/** True when an `Accept` header likes JSON better than HTML. */
export function acceptsJson(accept: string): boolean {
  const ranges = accept.split(',', 100).map((part, position) => {
    const quality = /;\s*q=([\d.]+)/i.exec(part)?.[1];
    return { type: mediaType(part), quality: quality === undefined ? 1 : Number(quality), position };
  });
  const best = ranges
    .filter(
      ({ type, quality }) =>
        quality > 0 && (jsonTypes.has(type) || type === 'application/*' || htmlTypes.has(type)),
    )
    .sort(
      (a, b) => b.quality - a.quality || wildness(a.type) - wildness(b.type) || a.position - b.position,
    )[0];
  return best !== undefined && !htmlTypes.has(best.type);
}

/** `application/json; charset=utf-8` is `application/json`. */
export function mediaType(header: string): string {
  return (header.split(';', 1)[0] ?? '').trim().toLowerCase();
}

function wildness(type: string): number {
  if (type === '*/*') return 2;
  return type.endsWith('/*') ? 1 : 0;
}
