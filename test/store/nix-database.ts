/** A store database as Nix makes it, for tests that need rows which real Nix would not write. */

import { DatabaseSync } from 'node:sqlite';

const schema = `
  create table ValidPaths (id integer primary key autoincrement not null, path text unique not null,
    hash text not null, registrationTime integer not null, deriver text, narSize integer, ultimate integer,
    sigs text, ca text);
  create table DerivationOutputs (drv integer not null, id text not null, path text not null, primary key (drv, id));
  create table Refs (referrer integer not null, reference integer not null, primary key (referrer, reference));
`;

export interface Row {
  readonly path: string;
  readonly hash?: string;
  readonly deriver?: string | null;
  readonly narSize?: number | null;
  readonly ultimate?: number | null;
  readonly sigs?: string | null;
  readonly ca?: string | null;
  /** Paths of rows that are there already; or this one. */
  readonly references?: readonly string[];
  /** Of a derivation: its outputs by name. */
  readonly outputs?: Readonly<Record<string, string>>;
}

export class NixDatabase implements Disposable {
  readonly #database: DatabaseSync;

  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    this.#database.exec('pragma journal_mode = wal');
    this.#database.exec(schema);
  }

  add(row: Row): void {
    this.#database
      .prepare(
        'insert into ValidPaths (path, hash, registrationTime, deriver, narSize, ultimate, sigs, ca) values (?, ?, ?, ?, ?, ?, ?, ?)',
      )
      .run(
        row.path,
        row.hash ?? `sha256:${'0'.repeat(64)}`,
        1_700_000_000,
        row.deriver ?? null,
        row.narSize === undefined ? 120 : row.narSize,
        row.ultimate ?? null,
        row.sigs ?? null,
        row.ca ?? null,
      );
    for (const reference of row.references ?? []) {
      this.#database
        .prepare(
          'insert into Refs select a.id, b.id from ValidPaths a, ValidPaths b where a.path = ? and b.path = ?',
        )
        .run(row.path, reference);
    }
    for (const [id, path] of Object.entries(row.outputs ?? {})) {
      this.#database
        .prepare('insert into DerivationOutputs select id, ?, ? from ValidPaths where path = ?')
        .run(id, path, row.path);
    }
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
