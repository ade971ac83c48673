/** How far watching the store has come, in a file: whole or as it was, also when killed in between. */

import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

export interface PositionFile {
  /** Undefined when there is none, or it holds something else. */
  read(): Promise<number | undefined>;
  write(id: number): Promise<void>;
}

export function positionFile(file: string): PositionFile {
  return {
    async read() {
      const text = await readFile(file, 'utf8').catch(() => '');
      return /^\d{1,15}\n$/.test(text) ? Number(text) : undefined;
    },
    async write(id) {
      const draft = `${file}.${process.pid}.new`;
      await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
      try {
        await writeFile(draft, `${id}\n`, { mode: 0o600 });
        await rename(draft, file);
      } finally {
        await rm(draft, { force: true });
      }
    },
  };
}
