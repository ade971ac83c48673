/**
 * What the store database knows of outputs of content-addressed derivations: which path an output became. Nix 2.4 to
 * 2.34 keep it by the hash of the derivation modulo its inputs (`Realisations`), newer ones by the derivation itself
 * (`BuildTraceV3`). The tables are there once the experimental feature `ca-derivations` was used, and neither looks at
 * the other's. Source: libstore/ca-specific-schema.sql of both.
 */

import type { DatabaseSync } from 'node:sqlite';
import { isStorePath, type StorePath } from '../nix/store-path.ts';

export interface Realisation {
  /** Valid. */
  readonly path: StorePath;
  /** Each `<key name>:<base64>`. */
  readonly signatures: readonly string[];
  /** Of the outputs it was made with, by their `sha256:<hex>!<output>`. Only the older form has them. */
  readonly dependencies: ReadonlyMap<string, StorePath>;
}

type Row = Readonly<Record<string, unknown>>;

/** `drvHash`: `sha256:<base 16>`. */
export function readRealisation(
  database: DatabaseSync,
  drvHash: string,
  output: string,
): Realisation | undefined {
  if (!hasTable(database, 'Realisations')) return undefined;
  const row = database
    .prepare(
      `select r.id, v.path, r.signatures from Realisations r join ValidPaths v on r.outputPath = v.id
       where r.drvPath = ? and r.outputName = ?`,
    )
    .get(drvHash, output);
  const dependencies =
    row === undefined || !hasTable(database, 'RealisationsRefs')
      ? []
      : database
          .prepare(
            `select d.drvPath || '!' || d.outputName id, v.path
             from RealisationsRefs f join Realisations d on f.realisationReference = d.id
             join ValidPaths v on d.outputPath = v.id where f.referrer = ?`,
          )
          .all(Number(row.id));
  return realisationOf(row, dependencies);
}

/** `drvName`: base name of the derivation. */
export function readBuildTrace(
  database: DatabaseSync,
  drvName: string,
  output: string,
): Realisation | undefined {
  if (!hasTable(database, 'BuildTraceV3')) return undefined;
  // The path is a text there, which nothing removes when the path is deleted. It may be a base name.
  const row = database
    .prepare(
      `select v.path, b.signatures from BuildTraceV3 b
       join ValidPaths v on v.path = b.outputPath or v.path = '/nix/store/' || b.outputPath
       where b.drvPath = ? and b.outputName = ?`,
    )
    .get(drvName, output);
  return realisationOf(row, []);
}

function hasTable(database: DatabaseSync, name: string): boolean {
  return (
    database.prepare("select 1 from sqlite_master where type = 'table' and name = ?").get(name) !== undefined
  );
}

function realisationOf(row: Row | undefined, dependencies: readonly Row[]): Realisation | undefined {
  if (typeof row?.path !== 'string' || !isStorePath(row.path)) return undefined;
  const signatures = typeof row.signatures === 'string' ? row.signatures.split(' ') : [];
  return {
    path: row.path,
    signatures: signatures.filter((text) => text !== ''),
    dependencies: new Map(
      dependencies.flatMap(({ id, path }) =>
        typeof id === 'string' && typeof path === 'string' && isStorePath(path) ? [[id, path] as const] : [],
      ),
    ),
  };
}
