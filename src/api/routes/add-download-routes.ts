/** Products of builds. They are untrusted content, so a browser shows them in a sandbox without our cookies. */

import { createReadStream } from 'node:fs';
import type { Hono } from 'hono';
import { parseRange } from '../../cache/parse-range.ts';
import type { BuildRecord, ProductRecord } from '../../db/records.ts';
import { AppError } from '../../util/app-error.ts';
import { contentTypeOf } from '../../util/content-type-of.ts';
import type { ApiContext, ApiDeps, ApiEnv } from '../api-deps.ts';
import { findProductFile } from '../find-product-file.ts';
import { findBuild, notFound, pathPart } from '../http/find-records.ts';
import { redirect, restOfPath } from '../http/redirect.ts';
import { streamBytes } from '../http/stream-bytes.ts';

/** Files go out in pieces of this size: half the work per byte of Node's default. */
const pieceBytes = 1024 * 1024;

export function addDownloadRoutes(app: Hono<ApiEnv>, deps: ApiDeps): void {
  const { builds } = deps.ci.database;

  app.get('/build/:build/download/:product/*', async (c) => {
    const build = await findBuild(c, deps);
    const product = await findProduct(c, build);
    const rest = decodeParts(restOfPath(c, 4));
    if (rest.length === 0) return redirect(c, deps, productAddress(build, product));
    // Its name comes first, so that what is saved has it.
    const below = product.name !== '' && rest[0] === product.name ? rest.slice(1) : rest;
    return send(c, build, product, below);
  });

  app.get('/build/:build/download-by-type/:type/:subtype/*', async (c) => {
    const build = await findBuild(c, deps);
    const [type, subtype] = [pathPart(c, 'type'), pathPart(c, 'subtype')];
    const product = (await builds.products(build.id)).find(
      (one) => one.type === type && (subtype === 'none' || one.subtype === subtype),
    );
    if (product === undefined)
      throw notFound(`Build ${build.id} doesn't have a product of type ${type}/${subtype}.`);
    return redirect(c, deps, `/build/${build.id}/download/${product.number}${restOfPath(c, 5)}`);
  });

  async function findProduct(c: ApiContext, build: BuildRecord): Promise<ProductRecord> {
    const asked = pathPart(c, 'product');
    const products = await builds.products(build.id);
    const product = /^\d+$/.test(asked)
      ? products.find(({ number }) => number === Number(asked))
      : products.find(({ name }) => name === asked);
    if (product === undefined) throw notFound(`Build ${build.id} doesn't have a product ‘${asked}’.`);
    return product;
  }

  async function send(
    c: ApiContext,
    build: BuildRecord,
    product: ProductRecord,
    below: readonly string[],
  ): Promise<Response> {
    if (deps.storeFilesAt === undefined) throw notFound('Files of the store cannot be read by this server.');
    const parts = below.at(-1) === '' ? below.slice(0, -1) : below;
    const found = await findProductFile(product, parts, deps.storeFilesAt);
    switch (found.type) {
      case 'gone':
        throw new AppError(
          'api.gone',
          `Product ${product.number} of build ${build.id} is no longer available.`,
        );
      case 'missing':
        throw notFound(`There is no file of that name in product ${product.number} of build ${build.id}.`);
      case 'directory': {
        const { pathname, search } = new URL(c.req.url);
        if (!pathname.endsWith('/')) return redirect(c, deps, `${pathname}/${search}`);
        if (below.includes('index.html')) throw notFound('That is a folder.');
        return send(c, build, product, [...parts, 'index.html']);
      }
      case 'file':
        return sendFile(c, build, found, parts.at(-1) ?? product.name);
    }
  }
}

function sendFile(
  c: ApiContext,
  build: BuildRecord,
  { file, size }: { readonly file: string; readonly size: number },
  name: string,
): Response {
  c.header('Content-Security-Policy', 'sandbox allow-scripts');
  c.header('Content-Type', contentTypeOf(name));
  c.header('Accept-Ranges', 'bytes');
  // All files of the store are of 1970; they became what they are when the build ended.
  c.header('Last-Modified', new Date(build.stoppedAt ?? build.queuedAt).toUTCString());
  const range = parseRange(c.req.header('Range'), size);
  if (range === 'unsatisfiable') {
    c.header('Content-Range', `bytes */${size}`);
    return c.body('', 416);
  }
  const { start, end } = range ?? { start: 0, end: size };
  c.header('Content-Length', String(end - start));
  if (range !== undefined) c.header('Content-Range', `bytes ${start}-${end - 1}/${size}`);
  if (end === start) return c.body('');
  const body = streamBytes((signal) =>
    createReadStream(file, { start, end: end - 1, highWaterMark: pieceBytes, signal }),
  );
  return c.body(body, range === undefined ? 200 : 206);
}

/** `/download/NR/NAME` with the file that is to be seen first. */
function productAddress(build: BuildRecord, { number, name, defaultPath }: ProductRecord): string {
  const parts = [String(number), ...(name === '' ? [''] : [name]), ...defaultPath.split('/')];
  const path = parts.filter((part, at) => part !== '' || at === 1).map(encodeURIComponent);
  return `/build/${build.id}/download/${path.join('/')}`;
}

/** The parts of a path that is still escaped; an empty one at the end stands for a slash there. */
function decodeParts(rest: string): readonly string[] {
  const [path = ''] = rest.split('?', 1);
  try {
    return path.split('/').slice(1).map(decodeURIComponent);
  } catch {
    throw notFound('The address is not escaped as it should be.');
  }
}
