import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFileJournal } from '../../deploy/rollout/file-journal.ts';
import type { JournalEntry } from '../../deploy/rollout/journal.ts';
import { plannedHost, planOf } from '../../deploy/testing/plan-of.ts';
import { parseStorePath } from '../../nix/store-path.ts';
import { listJournals } from './list-journals.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'proteus-rollouts-'));
});
afterEach(() => rm(folder, { recursive: true }));

const toplevel = parseStorePath(`/nix/store/${'1'.repeat(32)}-system`);
const plan = planOf(
  'switch',
  ['db', 'web', 'x'].map((name) => plannedHost({ name, target: { host: name }, toplevel })),
);

async function write(day: number, ...entries: readonly JournalEntry[]): Promise<void> {
  const now = () => Date.UTC(2026, 0, day);
  await using journal = await createFileJournal(folder, plan, {
    by: 'me',
    why: `day ${day}`,
    now,
    random: () => 'abcd',
  });
  for (const entry of entries) await journal.append(entry);
}

describe('listJournals', () => {
  it('is empty where there never was one', async () => {
    expect(await listJournals(path.join(folder, 'none'))).toEqual({ rollouts: [], unreadable: [] });
  });

  it('lists the newest first, with how each stands', async () => {
    await write(1, { type: 'ended', at: 5, result: 'degraded' });
    await write(
      2,
      { type: 'host', at: 1, outcome: { host: 'db', result: 'deployed' } },
      { type: 'step', at: 2, host: 'web', step: 'copy' },
    );
    await writeFile(path.join(folder, 'broken.journal'), 'x\n');

    const { rollouts, unreadable } = await listJournals(folder);

    expect(rollouts).toMatchObject([
      {
        id: '20260102-000000-abcd',
        state: 'interrupted',
        by: 'me',
        why: 'day 2',
        hosts: [
          { host: 'db', outcome: { result: 'deployed' }, step: undefined },
          { host: 'web', outcome: undefined, step: 'copy' },
          { host: 'x', outcome: undefined, step: undefined },
        ],
      },
      { id: '20260101-000000-abcd', state: 'degraded', endedAt: 5 },
    ]);
    expect(unreadable).toMatchObject([{ id: 'broken', problem: expect.stringContaining('line 1') }]);
  });
});
