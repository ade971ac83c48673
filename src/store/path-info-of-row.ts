/** One row of the store database's ValidPaths as path info; the columns are those of Nix, `refs` the references. */

import { isStorePath } from '../nix/store-path.ts';
import { AppError } from '../util/app-error.ts';
import type { PathInfo } from './store.ts';

type Row = Readonly<Record<string, unknown>>;

/**
 * Undefined when hash or size are missing, as in rows that ancient versions of Nix wrote. Throws `store.database` when
 * the row is not in the form of the schema that is known (10).
 */
export function pathInfoOfRow(row: Row): PathInfo | undefined {
  const path = text(row.path);
  if (!isStorePath(path)) {
    throw new AppError(
      'store.database',
      `the store database has the path ${JSON.stringify(path.slice(0, 300))}, which is no store path`,
      { hint: 'This version of Nix may keep its database in a form that Proteus does not know yet.' },
    );
  }
  const narHash = /^sha256:([0-9a-f]{64})$/.exec(text(row.hash))?.[1];
  const narSize = Number(row.narSize ?? 0);
  if (narHash === undefined || narSize === 0) return undefined;
  const deriver = text(row.deriver);
  return {
    path,
    deriver: isStorePath(deriver) ? deriver : undefined,
    narHash,
    narSize,
    references: words(row.refs).filter(isStorePath).sort(),
    registrationTime: Number(row.registrationTime ?? 0),
    ultimate: Boolean(row.ultimate),
    signatures: words(row.sigs),
    contentAddress: text(row.ca),
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function words(value: unknown): string[] {
  return text(value)
    .split(' ')
    .filter((word) => word !== '');
}
