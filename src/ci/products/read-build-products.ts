/**
 * What the outputs of a finished build say of themselves in their `nix-support` folders: products, metrics, a release
 * name, and whether the build failed although its builder did not. All outputs are read, in the order of their names,
 * `out` first. Hydra's rules; the formats are told in the parsers beside this file.
 */

import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { MetricRecord, ProductRecord } from '../../db/records.ts';
import type { StorePath } from '../../nix/store-path.ts';
import { type DeclaredProduct, parseBuildProducts } from './parse-build-products.ts';
import { parseMetrics } from './parse-metrics.ts';
import { parseReleaseName } from './parse-release-name.ts';
import { resolveInStore } from './resolve-in-store.ts';

export interface BuildProducts {
  /** `nix-support/failed` is there. */
  readonly failed: boolean;
  readonly products: readonly ProductRecord[];
  readonly metrics: readonly MetricRecord[];
  readonly releaseName: string | null;
}

/** A `nix-support` file that is larger is not read: it is text that goes into the database. */
const maxTextBytes = 1024 * 1024;
const pieceBytes = 1024 * 1024;
/** The type was looked at before, without following symlinks: nothing to follow or to wait for is left. */
const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export async function readBuildProducts(
  outputs: ReadonlyMap<string, StorePath>,
  {
    storeDirectory = '/nix/store',
    signal,
  }: { readonly storeDirectory?: string; readonly signal?: AbortSignal } = {},
): Promise<BuildProducts> {
  const sorted = [...outputs].sort(
    ([a], [b]) => Number(b === 'out') - Number(a === 'out') || (a < b ? -1 : 1),
  );
  const read = (output: StorePath, file: string): Promise<string | undefined> =>
    readText(`${output}/nix-support/${file}`, storeDirectory);
  let failed = false;
  let releaseName: string | null = null;
  let declared: DeclaredProduct[] | undefined;
  const metrics = new Map<string, MetricRecord>();
  for (const [, output] of sorted) {
    // Most have none of it.
    if ((await resolveInStore(`${output}/nix-support`, storeDirectory)) === undefined) continue;
    failed ||= (await resolveInStore(`${output}/nix-support/failed`, storeDirectory)) !== undefined;
    const products = await read(output, 'hydra-build-products');
    if (products !== undefined) declared = [...(declared ?? []), ...parseBuildProducts(products)];
    for (const metric of parseMetrics((await read(output, 'hydra-metrics')) ?? '')) {
      metrics.set(metric.name, metric);
    }
    releaseName = parseReleaseName((await read(output, 'hydra-release-name')) ?? '') ?? releaseName;
  }
  const products =
    declared === undefined
      ? await implicitProducts(sorted)
      : await describeProducts(declared, new Set(outputs.values()), storeDirectory, signal);
  return {
    failed,
    products: products.map((product, index) => ({ number: index + 1, ...product })),
    metrics: [...metrics.values()],
    releaseName,
  };
}

/** Where no output declares any: each that is a folder. */
async function implicitProducts(
  outputs: readonly (readonly [string, StorePath])[],
): Promise<Omit<ProductRecord, 'number'>[]> {
  const products: Omit<ProductRecord, 'number'>[] = [];
  for (const [name, path] of outputs) {
    if (!(await lstat(path)).isDirectory()) continue;
    products.push({
      type: 'nix-build',
      subtype: name === 'out' ? '' : name,
      // Without the hash.
      name: basename(path).slice(33),
      path,
      defaultPath: '',
      fileSize: null,
      sha256: null,
    });
  }
  return products;
}

async function describeProducts(
  declared: readonly DeclaredProduct[],
  outputs: ReadonlySet<string>,
  storeDirectory: string,
  signal: AbortSignal | undefined,
): Promise<Omit<ProductRecord, 'number'>[]> {
  const products: Omit<ProductRecord, 'number'>[] = [];
  for (const { type, subtype, path, defaultPath } of declared) {
    const real = await resolveInStore(path, storeDirectory);
    if (real === undefined) continue;
    const name = outputs.has(path) ? '' : basename(path);
    products.push({
      type,
      subtype,
      name: /^[\w.@: -]*$/.test(name) ? name : '',
      path,
      defaultPath,
      ...(await digestFile(real, signal)),
    });
  }
  return products;
}

async function digestFile(
  real: string,
  signal: AbortSignal | undefined,
): Promise<Pick<ProductRecord, 'fileSize' | 'sha256'>> {
  if (!(await lstat(real)).isFile()) return { fileSize: null, sha256: null };
  const hash = createHash('sha256');
  let fileSize = 0;
  await using file = await open(real, openFlags);
  const stream = file.createReadStream({ highWaterMark: pieceBytes, autoClose: false });
  for await (const piece of stream) {
    signal?.throwIfAborted();
    hash.update(piece);
    fileSize += piece.length;
  }
  return { fileSize, sha256: hash.digest('hex') };
}

async function readText(path: string, storeDirectory: string): Promise<string | undefined> {
  const real = await resolveInStore(path, storeDirectory);
  if (real === undefined) return undefined;
  const type = await lstat(real);
  if (!type.isFile() || type.size > maxTextBytes) return undefined;
  await using file = await open(real, openFlags);
  return await file.readFile('utf8');
}
