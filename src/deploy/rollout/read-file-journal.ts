/**
 * Reading the journal of a rollout that is kept in a file: JSON, one entry a line. Only whole lines count: an entry that was
 * being written when the machine went down was not durable, and nothing was done on its account.
 */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import { parseJson } from '../../util/parse-json.ts';
import type { JournalEntry } from './journal.ts';
import { journalEntrySchema } from './journal-schema.ts';

export interface StoredJournal {
  readonly entries: readonly JournalEntry[];
  /** Of the whole lines: what is behind them is torn. */
  readonly bytes: number;
}

/** Its suffix makes a file the journal of the rollout of that name. */
export const journalSuffix = '.journal';

const idForm = /^[a-z0-9-]{1,64}$/;

/** The file of a rollout. Throws `rollout.unknown` for what is no name of one. */
export function journalFile(folder: string, id: string): string {
  if (idForm.test(id)) return path.join(folder, `${id}${journalSuffix}`);
  throw new AppError('rollout.unknown', `${JSON.stringify(id)} is no name of a rollout`);
}

/** How a line begins that says what changes on a host. */
const diffLine = '{"type":"diff",';

/** `withoutDiffs`: for lists; they are most of a journal. Throws `rollout.unknown` and `rollout.journal-invalid`. */
export async function readFileJournal(
  folder: string,
  id: string,
  { withoutDiffs = false }: { readonly withoutDiffs?: boolean } = {},
): Promise<StoredJournal> {
  const file = journalFile(folder, id);
  const content = await read(file, id);
  const whole = content.lastIndexOf('\n') + 1;
  const lines = content.slice(0, whole).split('\n').slice(0, -1);
  const entries = lines.flatMap((line, index): readonly JournalEntry[] => {
    if (withoutDiffs && line.startsWith(diffLine)) return [];
    const parsed = journalEntrySchema.safeParse(parseJson(line));
    if (parsed.success) return [parsed.data];
    throw new AppError(
      'rollout.journal-invalid',
      `${file}, line ${index + 1}, is no entry of a journal:\n${z.prettifyError(parsed.error)}`,
    );
  });
  if (entries[0]?.type !== 'planned') {
    throw new AppError('rollout.journal-invalid', `${file} must begin with the plan of its rollout`);
  }
  return { entries, bytes: Buffer.byteLength(content.slice(0, whole)) };
}

async function read(file: string, id: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') {
      throw new AppError('rollout.unknown', `there is no rollout ${id} here: ${file} does not exist`);
    }
    throw new AppError('rollout.journal-invalid', `cannot read ${file}: ${errorMessage(cause)}`, { cause });
  }
}
