import { spawnSync } from 'node:child_process';
import { open, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { brotliCompressSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StoredNarRecord } from '../../db/cache-records.ts';
import { formatBareHash, parseHash } from '../../nix/hash.ts';
import { narTreeArbitrary } from '../../nix/testing/nar-tree-arbitrary.ts';
import { openStoredNars } from './open-stored-nars.ts';
import {
  fileNar,
  gather,
  inPieces,
  narOf,
  openStoredFixture,
  type StoredFixture,
  sha256,
} from './testing/stored-fixture.ts';

const never = new AbortController().signal;
const limits = { maxFileBytes: 1e9, maxNarBytes: 1e9, signal: never };
const nix32 = (bytes: Uint8Array): string => formatBareHash(parseHash(sha256(bytes), 'sha256'), 'nix32');
const all = (nar: StoredNarRecord) => ({ start: 0, end: nar.fileSize });
const allInside = (nar: StoredNarRecord) => ({ start: 0, end: nar.narSize });

async function store(fixture: StoredFixture, nar: ReturnType<typeof narOf>): Promise<StoredNarRecord> {
  return fixture.nars.materialise(nar.content, () => inPieces(nar.bytes));
}
const fileOf = ({ nars }: StoredFixture, nar: StoredNarRecord): string => nars.fileOf(nar) ?? '';
async function flipBit(file: string, at: number): Promise<void> {
  await using handle = await open(file, 'r+');
  const byte = Buffer.alloc(1);
  await handle.read(byte, 0, 1, at);
  byte[0] = (byte[0] ?? 0) ^ 1;
  await handle.write(byte, 0, 1, at);
}
async function files(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
}

describe('materialising', () => {
  it('compresses, keeps and finds a NAR, and reads the same out of it', async () => {
    await using fixture = await openStoredFixture();
    const nar = fileNar(300_000);
    const before = fixture.nars.version();
    const stored = await store(fixture, nar);

    const file = await gather(fixture.nars.read(stored, all(stored), never));
    expect(stored).toEqual({
      fileHash: nix32(file),
      fileSize: file.length,
      ...nar.content,
      compression: 'zstd',
      createdAt: 1000,
      verifiedAt: 1000,
    });
    expect(stored.fileSize).toBeLessThan(nar.bytes.length / 2);
    expect(zstdDecompressSync(file).equals(nar.bytes)).toBe(true);
    expect((await gather(fixture.nars.unpack(stored, allInside(stored), never))).equals(nar.bytes)).toBe(
      true,
    );
    expect(fixture.nars.byNarHash(nar.content.narHash)).toEqual(stored);
    expect(fixture.nars.byFileHash(stored.fileHash)).toEqual(stored);
    expect(await fixture.database.storedNars.byFileHash(stored.fileHash)).toEqual(stored);
    expect(fixture.nars.version()).not.toBe(before);
  });

  it('makes frames of 16 MiB that any zstd unpacks', async () => {
    await using fixture = await openStoredFixture();
    const nar = fileNar(35_000_000);
    const stored = await store(fixture, nar);
    const file = await gather(fixture.nars.read(stored, all(stored), never));

    // Each begins with the same four bytes, which are most unlikely in what is compressed.
    expect(file.toString('latin1').split('\x28\xb5\x2f\xfd')).toHaveLength(4);
    expect(zstdDecompressSync(file).equals(nar.bytes)).toBe(true);
    expect(
      (await gather(fixture.nars.unpack(stored, { start: 16_000_000, end: 17_000_000 }, never))).equals(
        nar.bytes.subarray(16_000_000, 17_000_000),
      ),
    ).toBe(true);
  });

  it('leaves as it is what hardly gets smaller', async () => {
    await using fixture = await openStoredFixture();
    const nar = fileNar(20_000_000, 'random');
    const stored = await store(fixture, nar);

    expect(stored).toMatchObject({
      compression: 'none',
      fileHash: nix32(nar.bytes),
      fileSize: nar.bytes.length,
    });
    expect((await gather(fixture.nars.read(stored, all(stored), never))).equals(nar.bytes)).toBe(true);
    expect(fileOf(fixture, stored)).toMatch(/\.nar$/);
  });

  it('makes one file however many ask, and no other when it is there', async () => {
    await using fixture = await openStoredFixture();
    const nar = fileNar(100_000);
    let opened = 0;
    const open = () => {
      opened += 1;
      return inPieces(nar.bytes);
    };
    const made = await Promise.all([1, 2, 3].map(() => fixture.nars.materialise(nar.content, open)));
    await fixture.nars.materialise(nar.content, open);

    expect(opened).toBe(1);
    expect(new Set(made.map(({ fileHash }) => fileHash)).size).toBe(1);
    expect(fixture.nars.counters.materialised).toBe(1);
  });

  it.each([
    ['shorter', (bytes: Buffer) => bytes.subarray(0, -1)],
    ['longer', (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(8)])],
    ['another', (bytes: Buffer) => Buffer.from(bytes).fill(7, 1000, 1001)],
  ])('keeps nothing of a NAR that is %s than what was said', async (_what, change) => {
    await using fixture = await openStoredFixture();
    const { bytes, content } = fileNar(300_000);

    await expect(fixture.nars.materialise(content, () => inPieces(change(bytes)))).rejects.toMatchObject({
      code: 'cache.nar-corrupted',
    });
    expect(await files(fixture.folder)).toEqual([]);
    expect(fixture.nars.byNarHash(content.narHash)).toBeUndefined();
    // The next one is not held up by it.
    await fixture.nars.materialise(content, () => inPieces(bytes));
  });

  it('keeps nothing of a NAR whose source fails', async () => {
    await using fixture = await openStoredFixture();
    const { bytes, content } = fileNar(40_000_000);
    const failing = async function* () {
      yield* inPieces(bytes.subarray(0, 39_000_000));
      throw new Error('the disk is on fire');
    };

    await expect(fixture.nars.materialise(content, failing)).rejects.toThrow('the disk is on fire');
    expect(await files(fixture.folder)).toEqual([]);
  });

  it('gives any tree back byte for byte', async () => {
    await using fixture = await openStoredFixture();
    await fc.assert(
      fc.asyncProperty(narTreeArbitrary, async (tree) => {
        const nar = narOf(tree);
        const stored = await store(fixture, nar);
        expect((await gather(fixture.nars.unpack(stored, allInside(stored), never))).equals(nar.bytes)).toBe(
          true,
        );
      }),
      { numRuns: 60 },
    );
  });

  it('is known after a restart', async () => {
    await using fixture = await openStoredFixture();
    const stored = await store(fixture, fileNar(1000));
    await using again = await openStoredNars(fixture);

    expect(again.byNarHash(stored.narHash)).toEqual(stored);
    expect((await gather(again.read(stored, all(stored), never))).length).toBe(stored.fileSize);
  });

  it('ends when everything does, and leaves nothing', async () => {
    const fixture = await openStoredFixture();
    const { bytes, content } = fileNar(1000);
    const started = Promise.withResolvers<void>();
    const waiting = fixture.nars.materialise(content, async function* (signal) {
      yield* inPieces(bytes.subarray(0, 500));
      started.resolve();
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
    const failure = waiting.catch((error: unknown) => error);
    await started.promise;
    await fixture.nars[Symbol.asyncDispose]();
    expect(await failure).toMatchObject({ code: 'interrupted' });

    expect(await files(fixture.folder)).toEqual([]);
    await fixture[Symbol.asyncDispose]();
  });
});

describe('reading', () => {
  it('gives any two parts that make the whole', async () => {
    await using fixture = await openStoredFixture();
    const nar = fileNar(6_000_000, 'random');
    const stored = await store(fixture, nar);
    await fc.assert(
      fc.asyncProperty(fc.nat(stored.fileSize), async (at) => {
        const file = [
          await gather(fixture.nars.read(stored, { start: 0, end: at }, never)),
          await gather(fixture.nars.read(stored, { start: at, end: stored.fileSize }, never)),
        ];
        expect(Buffer.concat(file).equals(nar.bytes)).toBe(true);
      }),
      { numRuns: 15 },
    );
    const text = fileNar(2_000_000);
    const packed = await store(fixture, text);
    await fc.assert(
      fc.asyncProperty(fc.nat(packed.narSize), async (at) => {
        const inside = [
          await gather(fixture.nars.unpack(packed, { start: 0, end: at }, never)),
          await gather(fixture.nars.unpack(packed, { start: at, end: packed.narSize }, never)),
        ];
        expect(Buffer.concat(inside).equals(text.bytes)).toBe(true);
      }),
      { numRuns: 15 },
    );
  });

  it.each([0, 0.5, 1])('never gives all of a file with a flipped bit at %d of it', async (where) => {
    await using fixture = await openStoredFixture();
    const stored = await store(fixture, fileNar(6_000_000, 'random'));
    await flipBit(fileOf(fixture, stored), Math.floor(where * (stored.fileSize - 1)));

    let bytes = 0;
    const reading = (async () => {
      for await (const piece of fixture.nars.read(stored, all(stored), never)) bytes += piece.length;
    })();
    await expect(reading).rejects.toMatchObject({ code: 'cache.nar-corrupted' });
    expect(bytes).toBeLessThan(stored.fileSize);
    expect(await fixture.nars.repair(stored)).toBe('withdrawn');
    expect(fixture.nars.byFileHash(stored.fileHash)).toBeUndefined();
  });

  it('never gives the end of a part when the damage is in another, nor of what is inside', async () => {
    await using fixture = await openStoredFixture();
    const stored = await store(fixture, fileNar(8_000_000));
    await flipBit(fileOf(fixture, stored), stored.fileSize - 1);
    const part = fixture.nars.read(stored, { start: 0, end: 1000 }, never);
    await expect(gather(part)).rejects.toMatchObject({ code: 'cache.nar-corrupted' });

    await using other = await openStoredFixture();
    const text = await store(other, fileNar(8_000_000));
    await flipBit(fileOf(other, text), text.fileSize - 1);
    const inside = other.nars.unpack(text, { start: 0, end: 1000 }, never);
    await expect(gather(inside)).rejects.toMatchObject({ code: 'cache.nar-corrupted' });
  });

  it('notices what is changed under a reader, also when it was found right before', async () => {
    await using fixture = await openStoredFixture();
    const stored = await store(fixture, fileNar(6_000_000, 'random'));
    const reading = fixture.nars.read(stored, all(stored), never)[Symbol.asyncIterator]();
    await reading.next();
    await flipBit(fileOf(fixture, stored), 10);

    await expect(
      (async () => {
        while (!(await reading.next()).done);
      })(),
    ).rejects.toMatchObject({ code: 'cache.nar-corrupted' });
  });

  it('goes on with a file that was only touched', async () => {
    await using fixture = await openStoredFixture();
    const nar = fileNar(6_000_000, 'random');
    const stored = await store(fixture, nar);
    await writeFile(fileOf(fixture, stored), nar.bytes);

    expect((await gather(fixture.nars.read(stored, all(stored), never))).equals(nar.bytes)).toBe(true);
    expect(fixture.nars.counters.damaged).toBe(0);
    expect(await fixture.nars.repair(stored)).toBe('sound');
  });
});

describe('repairing', () => {
  it('makes a damaged or vanished file anew out of what else has it', async () => {
    const nar = fileNar(3_000_000);
    await using fixture = await openStoredFixture({ remake: async () => () => inPieces(nar.bytes) });
    const stored = await store(fixture, nar);
    for (const harm of [() => flipBit(fileOf(fixture, stored), 77), () => rm(fileOf(fixture, stored))]) {
      await harm();
      await expect(gather(fixture.nars.read(stored, all(stored), never))).rejects.toMatchObject({
        code: 'cache.nar-corrupted',
      });
      await fixture.nars.repair(stored);

      const file = await gather(fixture.nars.read(stored, all(stored), never));
      expect(nix32(file)).toBe(stored.fileHash);
    }
    expect(fixture.nars.counters).toMatchObject({ damaged: 2, repaired: 2, withdrawn: 0 });
  });

  it('puts another file in its place, for the paths that have it', async () => {
    const nar = fileNar(3_000_000);
    await using fixture = await openStoredFixture({ remake: async () => () => inPieces(nar.bytes) });
    const gz = gzipSync(nar.bytes);
    const { nar: uploaded } = await fixture.nars.receive(inPieces(gz), { ...limits, compression: 'gzip' });
    await rm(fileOf(fixture, uploaded));

    expect(await fixture.nars.repair(uploaded)).toBe('repaired');
    const now = fixture.nars.byNarHash(nar.content.narHash);
    expect(now?.compression).toBe('zstd');
    expect(fixture.nars.byFileHash(uploaded.fileHash)).toBeUndefined();
    expect((await fixture.database.storedNars.totals()).files).toBe(1);
    expect(await files(path.join(fixture.folder, 'nar'))).toHaveLength(1);
  });

  it('gives up what nothing else has, with the paths that need it, and tells of them', async () => {
    const told: string[] = [];
    await using fixture = await openStoredFixture({
      remake: async () => () => inPieces(Buffer.from('another content')),
      onWithdrawn: (paths) => told.push(...paths.map(({ path }) => path)),
    });
    const stored = await store(fixture, fileNar(1000));
    const lost = `/nix/store/${'0'.repeat(32)}-x`;
    await fixture.database.cachePaths.add(1, [
      {
        cacheId: 1,
        hashPart: '0'.repeat(32),
        path: lost,
        ...fileNar(1000).content,
        references: [lost],
        deriver: null,
        ca: null,
        signatures: [],
        fileHash: stored.fileHash,
        addedAt: 1,
        servedAt: 1,
      },
    ]);
    await rm(fileOf(fixture, stored));

    expect(await fixture.nars.repair(stored)).toBe('withdrawn');
    expect(told).toEqual([lost]);
    expect(await fixture.database.cachePaths.count(1)).toBe(0);
    expect(await fixture.database.storedNars.byFileHash(stored.fileHash)).toBeUndefined();
  });

  it('throws nothing away while it cannot tell', async () => {
    await using fixture = await openStoredFixture();
    const stored = await store(fixture, fileNar(1000));
    await using broken = await openStoredNars({
      database: fixture.database,
      blobs: {
        ...fixture.blobs,
        stat: async () => {
          throw new Error('EIO');
        },
      },
    });

    await expect(broken.repair(stored)).rejects.toThrow('EIO');
    expect(broken.byFileHash(stored.fileHash)).toEqual(stored);
    expect(await fixture.database.storedNars.byFileHash(stored.fileHash)).toEqual(stored);
  });
});

describe('receiving', () => {
  const { bytes } = fileNar(700_000);
  const program = (argv: readonly [string, ...string[]]): Buffer => {
    const { stdout, status, error } = spawnSync(argv[0], argv.slice(1), { input: bytes, maxBuffer: 1e9 });
    if (status !== 0) throw error ?? new Error(argv.join(' '));
    return stdout;
  };
  const compressed = {
    none: () => bytes,
    zstd: () => zstdCompressSync(bytes),
    gzip: () => gzipSync(bytes),
    br: () => brotliCompressSync(bytes, { params: { 1: 4 } }),
    xz: () => program(['xz', '-1c']),
    bzip2: () => program(['bzip2', '-c']),
    lz4: () => program(['lz4', '-c']),
  };

  it.each(Object.entries(compressed))('takes a NAR in %s, as it came', async (compression, compress) => {
    await using fixture = await openStoredFixture();
    const file = compress();
    const options = { ...limits, compression, fileHash: nix32(file) };
    const { nar, isNew } = await fixture.nars.receive(inPieces(file), options);

    expect(isNew).toBe(true);
    expect(nar).toMatchObject({
      fileHash: nix32(file),
      fileSize: file.length,
      narHash: sha256(bytes),
      narSize: bytes.length,
      compression,
    });
    expect((await gather(fixture.nars.read(nar, all(nar), never))).equals(file)).toBe(true);
    expect((await gather(fixture.nars.unpack(nar, allInside(nar), never))).equals(bytes)).toBe(true);
    expect(await fixture.nars.receive(inPieces(file), options)).toEqual({ nar, isNew: false, buildIds: [] });
  });

  it.each(Object.entries(compressed))(
    'refuses in %s what is cut off or goes on',
    async (compression, compress) => {
      await using fixture = await openStoredFixture();
      const file = compress();
      for (const wrong of [
        file.subarray(0, -5),
        file.subarray(0, file.length / 2),
        Buffer.concat([file, Buffer.from('and more, which is no frame')]),
        Buffer.alloc(0),
      ]) {
        await expect(fixture.nars.receive(inPieces(wrong), { ...limits, compression })).rejects.toMatchObject(
          {
            code: 'cache.upload-refused',
          },
        );
      }
      expect(await files(fixture.folder)).toEqual([]);
      expect((await fixture.database.storedNars.totals()).files).toBe(0);
    },
  );

  it.each(Object.keys(compressed))('refuses in %s what is something else', async (compression) => {
    await using fixture = await openStoredFixture();
    const wrong = Buffer.from('this is no NAR and is packed in no way, whatever was said of it');

    await expect(fixture.nars.receive(inPieces(wrong), { ...limits, compression })).rejects.toMatchObject({
      code: 'cache.upload-refused',
    });
  });

  it.each([
    [
      'another hash than it should have',
      { fileHash: '0'.repeat(52) },
      `should have sha256:${'0'.repeat(52)}`,
    ],
    ['more bytes than it may', { maxFileBytes: 1000 }, 'the file has more than 1000 bytes'],
    ['more inside than it may', { maxNarBytes: 500_000 }, 'it has more than 500000 bytes'],
    ['an unknown compression', { compression: 'lzip' }, 'the compression lzip is not known'],
  ])('refuses a file with %s', async (_what, change, message) => {
    await using fixture = await openStoredFixture();
    const options = { ...limits, compression: 'zstd', ...change };

    await expect(fixture.nars.receive(inPieces(compressed.zstd()), options)).rejects.toMatchObject({
      code: 'cache.upload-refused',
      message: expect.stringContaining(message),
    });
    expect(await files(fixture.folder)).toEqual([]);
  });

  it.each(['zstd', 'gzip', 'br', 'xz', 'bzip2'] as const)(
    'stops unpacking a bomb in %s at the limit',
    async (compression) => {
      await using fixture = await openStoredFixture();
      const zeros = narOf({ type: 'regular', contents: Buffer.alloc(100_000_000) }).bytes;
      const bomb = {
        zstd: () => zstdCompressSync(zeros),
        gzip: () => gzipSync(zeros, { level: 1 }),
        br: () => brotliCompressSync(zeros, { params: { 1: 1 } }),
        xz: () => spawnSync('xz', ['-0c'], { input: zeros, maxBuffer: 1e9 }).stdout,
        bzip2: () => spawnSync('bzip2', ['-1c'], { input: zeros, maxBuffer: 1e9 }).stdout,
      }[compression]();

      await expect(
        fixture.nars.receive(inPieces(bomb), { ...limits, compression, maxNarBytes: 10_000_000 }),
      ).rejects.toMatchObject({ code: 'cache.upload-refused', message: expect.stringContaining('10000000') });
    },
  );

  it('hands on what goes wrong with the sender, and leaves nothing', async () => {
    await using fixture = await openStoredFixture();
    const gone = async function* () {
      yield* inPieces(compressed.xz().subarray(0, 1000));
      throw new Error('the client went away');
    };
    await expect(fixture.nars.receive(gone(), { ...limits, compression: 'xz' })).rejects.toThrow(
      'the client went away',
    );
    expect(await files(fixture.folder)).toEqual([]);
  });

  it('takes the same file from two at once, once', async () => {
    await using fixture = await openStoredFixture();
    const file = compressed.zstd();
    const both = await Promise.all(
      [1, 2].map(() => fixture.nars.receive(inPieces(file), { ...limits, compression: 'zstd' })),
    );

    expect(new Set(both.map(({ isNew }) => isNew))).toEqual(new Set([false, true]));
    expect(fixture.nars.counters.received).toBe(1);
  });
});

describe('removing', () => {
  it('takes the row, then the file, and not while a path has it', async () => {
    await using fixture = await openStoredFixture();
    const stored = await store(fixture, fileNar(1000));
    expect(await fixture.nars.remove(stored.fileHash)).toBe(true);

    expect(await files(fixture.folder)).toEqual([]);
    expect(fixture.nars.byNarHash(stored.narHash)).toBeUndefined();
    expect(await fixture.nars.remove(stored.fileHash)).toBe(false);
    await store(fixture, fileNar(1000));
    expect(fixture.nars.byFileHash(stored.fileHash)).toBeDefined();
  });
});

describe('a place without files of its own', () => {
  it('is read and checked through, and never gives all of what is damaged', async () => {
    await using files = await openStoredFixture();
    const nar = fileNar(3_000_000, 'random');
    await using fixture = await openStoredFixture({ blobs: { ...files.blobs, fileOf: () => undefined } });
    const stored = await store(fixture, nar);
    await using again = await openStoredNars({
      ...fixture,
      blobs: { ...files.blobs, fileOf: () => undefined },
    });

    expect((await gather(again.read(stored, all(stored), never))).equals(nar.bytes)).toBe(true);
    expect(again.fileOf(stored)).toBeUndefined();
    await flipBit(files.blobs.fileOf(`nar/${stored.fileHash.slice(0, 2)}/${stored.fileHash}.nar`) ?? '', 5);
    await expect(gather(again.read(stored, all(stored), never))).rejects.toMatchObject({
      code: 'cache.nar-corrupted',
    });
  });
});
