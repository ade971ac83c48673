/**
 * `column in (many values)` with one parameter, however many there are: engines limit the number of parameters, and
 * a text that does not depend on the number of values is compiled once.
 */

import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Dialect } from './connection.ts';

export function inIds(dialect: Dialect, column: string, ids: readonly number[]): Expression<SqlBool> {
  return dialect === 'postgres'
    ? sql<SqlBool>`${sql.ref(column)} = any(${ids}::bigint[])`
    : sql<SqlBool>`${sql.ref(column)} in (${jsonValues(ids)})`;
}

export function inTexts(dialect: Dialect, column: string, texts: readonly string[]): Expression<SqlBool> {
  return dialect === 'postgres'
    ? sql<SqlBool>`${sql.ref(column)} = any(${texts}::text[])`
    : sql<SqlBool>`${sql.ref(column)} in (${jsonValues(texts)})`;
}

function jsonValues(values: readonly unknown[]): RawBuilder<unknown> {
  return sql`select value from json_each(${JSON.stringify(values)})`;
}
