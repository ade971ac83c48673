import { rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { NarTree } from '../../nix/nar-writer.ts';
import { type ScrubFinding, type ScrubOptions, scrub } from './scrub.ts';
import { fileNar, inPieces, narOf, openStoredFixture, type StoredFixture } from './testing/stored-fixture.ts';

const hour = 3_600_000;
const later = Date.now() + 2 * hour;

async function store({ nars }: StoredFixture, seed: number) {
  const { bytes, content } = fileNar(50_000, 'compressible', seed);
  return nars.materialise(content, () => inPieces(bytes));
}

function run(fixture: StoredFixture, findings: ScrubFinding[], change: Partial<ScrubOptions> = {}) {
  return scrub({
    ...fixture,
    before: later,
    bytesPerSecond: 0,
    now: () => later,
    signal: new AbortController().signal,
    onFound: (finding) => findings.push(finding),
    ...change,
  });
}
const nothing = { repaired: 0, withdrawn: 0, orphans: 0, unreadable: 0 };

describe('scrub', () => {
  it('reads every file, marks it, and reads none twice', async () => {
    await using fixture = await openStoredFixture();
    const nars = [await store(fixture, 1), await store(fixture, 2)];
    const bytes = nars.reduce((sum, { fileSize }) => sum + fileSize, 0);

    expect(await run(fixture, [])).toEqual({ ...nothing, files: 2, bytes, lookedInto: 2 });
    expect(await run(fixture, [])).toEqual({ ...nothing, files: 0, bytes: 0, lookedInto: 0 });
    const [nar] = nars;
    expect((await fixture.database.storedNars.byFileHash(nar?.fileHash ?? ''))?.verifiedAt).toBe(later);
  });

  it('makes anew or gives up what is damaged or gone, and says which', async () => {
    const good = fileNar(50_000, 'compressible', 1);
    await using fixture = await openStoredFixture({
      remake: async ({ narHash }) =>
        narHash === good.content.narHash ? () => inPieces(good.bytes) : undefined,
    });
    const [mended, lost] = [await store(fixture, 1), await store(fixture, 2)];
    await writeFile(fixture.nars.fileOf(mended) ?? '', Buffer.alloc(mended.fileSize, 1));
    await rm(fixture.nars.fileOf(lost) ?? '');
    const findings: ScrubFinding[] = [];

    expect(await run(fixture, findings)).toMatchObject({ files: 2, repaired: 1, withdrawn: 1 });
    const told = findings.map(({ kind, file, message }) => [kind, path.basename(file).slice(0, 52), message]);
    expect(told).toContainEqual(['repaired', mended.fileHash, expect.stringContaining('should have')]);
    expect(told).toContainEqual(['withdrawn', lost.fileHash, expect.stringContaining('it is gone')]);
    expect((await fixture.database.storedNars.totals()).files).toBe(1);
    expect(await run(fixture, [], { before: later + 1 })).toMatchObject({ ...nothing, files: 1 });
  });

  it('finds the debug information of NARs that nobody has looked into, once', async () => {
    await using fixture = await openStoredFixture();
    const { nars, database } = fixture;
    const name = `${'0'.repeat(38)}.debug`;
    const folders = ([first, ...rest]: readonly string[]): NarTree =>
      first === undefined
        ? { type: 'regular', contents: Buffer.from('symbols') }
        : { type: 'directory', entries: new Map([[first, folders(rest)]]) };
    const { bytes, content } = narOf(folders(['lib', 'debug', '.build-id', 'ab', name]));
    const nar = await nars.materialise(content, () => inPieces(bytes));
    const hashPart = 'a'.repeat(32);
    await database.cachePaths.add(1, [
      {
        ...{ cacheId: 1, hashPart, path: `/nix/store/${hashPart}-x`, ...content, references: [] },
        ...{ deriver: null, ca: null, signatures: [], fileHash: nar.fileHash, addedAt: 1, servedAt: 1 },
      },
    ]);
    const found = () => database.cacheExtras.withBuildId(1, `ab${'0'.repeat(38)}`);
    expect(await found()).toEqual([]);

    // Killed before it could write that down, it has written down nothing, and does it the next time.
    const killed = {
      ...database,
      cacheExtras: { ...database.cacheExtras, setBuildIds: () => Promise.reject(new Error('killed')) },
    };
    expect(await run(fixture, [], { database: killed })).toMatchObject({ lookedInto: 0, unreadable: 1 });
    expect(await run(fixture, [], { before: later + 1 })).toMatchObject({ lookedInto: 1, unreadable: 0 });
    expect(await found()).toEqual([hashPart]);
    expect(await run(fixture, [], { before: later + 1 })).toMatchObject({ files: 1, lookedInto: 0 });
  });

  it('removes files that no row tells of, but not those that may just be on their way', async () => {
    await using fixture = await openStoredFixture();
    const kept = await store(fixture, 1);
    const orphan = path.join(fixture.folder, 'nar/00', `${'0'.repeat(52)}.nar.zst`);
    const young = path.join(fixture.folder, 'nar/00', `${'0'.repeat(51)}1.nar.zst`);
    await using writer = await fixture.blobs.create();
    await writer.commit(`nar/00/${'0'.repeat(52)}.nar.zst`);
    await writeFile(young, 'x');
    await utimes(young, later / 1000, later / 1000);
    const findings: ScrubFinding[] = [];

    expect(await run(fixture, findings)).toMatchObject({ orphans: 1 });
    expect(findings.map(({ kind, file }) => [kind, path.join(fixture.folder, file)])).toEqual([
      ['orphan', orphan],
    ]);
    expect(await fixture.blobs.stat(`nar/00/${'0'.repeat(51)}1.nar.zst`)).toBeDefined();
    expect(await fixture.nars.verify(kept)).toBeUndefined();
  });

  it('throws nothing away that it cannot read, tells of it, and comes to its end', async () => {
    await using fixture = await openStoredFixture();
    const nar = await store(fixture, 1);
    const findings: ScrubFinding[] = [];
    const broken = async (): Promise<never> => {
      throw new Error('EIO');
    };

    const report = await run(fixture, findings, { nars: { ...fixture.nars, verify: broken } });
    expect(report).toMatchObject({ files: 1, unreadable: 1 });
    expect(findings).toMatchObject([{ kind: 'unreadable', message: 'EIO' }]);
    expect(await fixture.database.storedNars.byFileHash(nar.fileHash)).toBeDefined();
  });

  it('ends when it is told to, and goes on from there the next time', async () => {
    await using fixture = await openStoredFixture();
    for (const seed of [1, 2, 3]) await store(fixture, seed);
    const abort = new AbortController();
    const { storedNars } = fixture.database;
    const database = {
      ...fixture.database,
      storedNars: {
        ...storedNars,
        async setVerified(fileHash: string, at: number) {
          await storedNars.setVerified(fileHash, at);
          abort.abort();
        },
      },
    };

    await expect(run(fixture, [], { signal: abort.signal, database })).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(await run(fixture, [])).toMatchObject({ files: 2 });
  });
});
