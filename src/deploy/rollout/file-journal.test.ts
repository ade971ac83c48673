import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseStorePath } from '../../nix/store-path.ts';
import { plannedHost, planOf } from '../testing/plan-of.ts';
import { createFileJournal, isRolloutRunning, openFileJournal } from './file-journal.ts';
import type { JournalEntry } from './journal.ts';
import { readFileJournal } from './read-file-journal.ts';

let folder: string;
beforeEach(async () => {
  folder = path.join(await mkdtemp(path.join(tmpdir(), 'proteus-journal-')), 'rollouts');
});
afterEach(() => rm(path.dirname(folder), { recursive: true }));

const toplevel = parseStorePath(`/nix/store/${'1'.repeat(32)}-system`);
const secret = {
  source: '/srv/key',
  destination: '/var/key',
  owner: { user: 'root', group: 'root' },
  permissions: '0400',
  action: ['true'],
  mkDirs: true,
  uploadAt: 'pre-activation',
} as const;
const plan = planOf('switch', [
  plannedHost({ name: 'web', target: { host: 'web', port: 22 }, toplevel, secrets: { key: secret } }),
]);
const options = {
  by: 'somebody',
  why: 'a test',
  now: () => Date.UTC(2026, 0, 2, 3, 4, 5),
  random: () => 'abcd',
};
const id = '20260102-030405-abcd';
const planned: JournalEntry = { type: 'planned', at: options.now(), by: 'somebody', why: 'a test', plan };
const step: JournalEntry = { type: 'step', at: 1, host: 'web', step: 'roll-back', why: 'a\nreason' };
const entries: readonly JournalEntry[] = [
  { type: 'started', at: 1, by: 'x' },
  { type: 'aborted', at: 1, by: 'x' },
  { type: 'wave', at: 1, wave: 1 },
  step,
  { type: 'trouble', at: 1, host: 'web', message: 'm' },
  { type: 'previous', at: 1, host: 'web', current: toplevel, profile: undefined },
  {
    type: 'diff',
    at: 1,
    host: 'web',
    diff: {
      before: 'a',
      after: toplevel,
      closure: {
        packages: [{ name: 'x', change: 'up', before: ['1'], after: ['2'] }],
        rebuilt: 1,
        bytesBefore: 1,
        bytesAfter: 2,
        newPaths: 3,
        newBytes: 4,
      },
      units: { added: ['a.service'], removed: [], changed: [] },
      unknown: ['what'],
    },
  },
  { type: 'diff', at: 1, host: 'web', diff: { after: toplevel, unknown: [] } },
  { type: 'host', at: 1, outcome: { host: 'web', result: 'skipped', reason: 'r' } },
  { type: 'host', at: 1, outcome: { host: 'web', result: 'deployed' } },
  { type: 'ended', at: 1, result: 'degraded' },
];

async function create(): Promise<string> {
  await using journal = await createFileJournal(folder, plan, options);
  return path.join(folder, `${journal.id}.journal`);
}

describe('a journal in a file', () => {
  it('is named after its time, and holds the plan from the beginning', async () => {
    await using journal = await createFileJournal(folder, plan, options);

    expect(journal).toMatchObject({ id, entries: [planned] });
    expect((await readFileJournal(folder, id)).entries).toEqual([planned]);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(path.join(folder, `${id}.journal`))).mode & 0o777).toBe(0o600);
    expect((await readdir(folder)).filter((name) => name.endsWith('.new'))).toEqual([]);
  });

  it('gives back every kind of entry as it was', async () => {
    await create();
    {
      await using journal = await openFileJournal(folder, id);
      await Promise.all(entries.map((entry) => journal.append(entry)));
    }

    await using journal = await openFileJournal(folder, id);
    expect(journal.entries).toEqual([planned, ...entries]);
    // Lists do without what is most of it.
    const { entries: short } = await readFileJournal(folder, id, { withoutDiffs: true });
    expect(short).toEqual([planned, ...entries.filter(({ type }) => type !== 'diff')]);
  });

  it('has each entry in the file when it says so', async () => {
    await using journal = await createFileJournal(folder, plan, options);
    await journal.append(step);

    expect(await readFile(path.join(folder, `${id}.journal`), 'utf8')).toMatch(/"why":"a\\nreason"}\n$/);
  });

  it('forgets an entry that was torn, and writes on where it began', async () => {
    const file = await create();
    await appendFile(file, '{"type":"step","at":1,"ho');
    {
      await using journal = await openFileJournal(folder, id);
      expect(journal.entries).toEqual([planned]);
      await journal.append(step);
    }

    expect((await readFileJournal(folder, id)).entries).toEqual([planned, step]);
  });

  it('is executed by one process at a time', async () => {
    await using journal = await createFileJournal(folder, plan, options);

    await expect(openFileJournal(folder, id)).rejects.toMatchObject({
      code: 'rollout.running',
      message: `another process executes rollout ${id}`,
    });
    await journal[Symbol.asyncDispose]();
    await journal[Symbol.asyncDispose]();
    expect(isRolloutRunning(folder, id)).toBe(false);
  });

  it('names the line that is not right', async () => {
    const file = await create();
    await appendFile(file, '{"type":"step","at":1,"host":"web","step":"dance"}\n');

    await expect(openFileJournal(folder, id)).rejects.toMatchObject({
      code: 'rollout.journal-invalid',
      message: expect.stringContaining(`${file}, line 2, is no entry of a journal`),
    });
    expect(isRolloutRunning(folder, id)).toBe(false);
  });

  it('says where it cannot be written', async () => {
    const file = path.join(path.dirname(folder), 'in-the-way');
    await writeFile(file, '');

    await expect(createFileJournal(file, plan, options)).rejects.toMatchObject({
      code: 'rollout.journal-failed',
      message: expect.stringContaining(`cannot write ${file}`),
    });
  });

  it('must begin with a plan', async () => {
    const file = await create();
    await writeFile(file, `${JSON.stringify(step)}\n`);

    await expect(readFileJournal(folder, id)).rejects.toMatchObject({
      message: `${file} must begin with the plan of its rollout`,
    });
  });

  it.each(['nope', '../x', '', 'A'])('of the name %j is not known', async (name) => {
    await create();

    await expect(openFileJournal(folder, name)).rejects.toMatchObject({ code: 'rollout.unknown' });
    expect(await readdir(folder)).not.toContain(`${name}.journal.lock`);
  });
});
