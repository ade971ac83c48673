import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dumpPath } from '../../store/dump-path.ts';
import type { DumpOrder } from './dump-messages.ts';
import { VerifiedDump } from './verified-dump.ts';

let tree: string;
beforeEach(() => {
  tree = path.join(mkdtempSync(path.join(tmpdir(), 'proteus-')), 'tree');
  mkdirSync(path.join(tree, 'dir'), { recursive: true });
  writeFileSync(path.join(tree, 'big'), Buffer.alloc(700_000, 'b'));
  writeFileSync(path.join(tree, 'dir/small'), 'small');
  symlinkSync('big', path.join(tree, 'link'));
});
afterEach(() => rmSync(path.dirname(tree), { recursive: true, force: true }));

const nar = (): Buffer => Buffer.concat([...dumpPath(tree)]);
function orderOf(change: Partial<DumpOrder> = {}): DumpOrder {
  const bytes = nar();
  const narHash = createHash('sha256').update(bytes).digest('hex');
  return {
    path: tree,
    narHash,
    narSize: bytes.length,
    start: 0,
    end: bytes.length,
    knownLook: undefined,
    ...change,
  };
}

/** What came out before the end or the error, and which of the two it was. */
function run(
  order: DumpOrder,
  slotSize = 256 * 1024,
): { readonly bytes: Buffer; readonly end: string | Error } {
  const pieces: Uint8Array[] = [];
  using dump = new VerifiedDump(order);
  let held: Uint8Array | undefined;
  try {
    while (!dump.isVerified) {
      const slot = Buffer.alloc(slotSize);
      const wanted = dump.isWanted;
      const length = dump.step(slot);
      expect(length > 0).toBe(wanted);
      if (dump.isComplete && !dump.isVerified) held ??= slot.subarray(0, length);
      else pieces.push(slot.subarray(0, length));
    }
  } catch (error) {
    return { bytes: Buffer.concat(pieces), end: error instanceof Error ? error : new Error(String(error)) };
  }
  return { bytes: Buffer.concat([...pieces, held ?? Buffer.of()]), end: dump.look };
}

describe('VerifiedDump', () => {
  it('gives the NAR that the database says, or any part of it', () => {
    const whole = nar();

    expect(run(orderOf()).bytes.equals(whole)).toBe(true);
    for (const [start, end] of [
      [0, 1],
      [100, 300_000],
      [690_000, 690_001],
      [5, 5],
    ] as const) {
      expect(run(orderOf({ start, end })).bytes.equals(whole.subarray(start, end))).toBe(true);
    }
  });

  it('keeps the last piece back when the content is another', () => {
    const order = orderOf();
    writeFileSync(path.join(tree, 'dir/small'), 'smalL');
    const { bytes, end } = run(order);

    expect(bytes.length).toBeLessThan(order.narSize);
    expect(end).toMatchObject({ code: 'cache.nar-corrupted' });
  });

  it('gives nothing of a part that comes before the damage, if that is its last', () => {
    const order = orderOf({ start: 0, end: 10 });
    writeFileSync(path.join(tree, 'dir/small'), 'smalL');

    expect(run(order).bytes).toHaveLength(0);
  });

  it('does not hash a tree that looks as when it was right', () => {
    const look = run(orderOf()).end;
    const wrong = 'ab'.repeat(32);
    const again = run(orderOf({ narHash: wrong, knownLook: String(look) }));

    // A wrong hash shows that it was not looked at.
    expect(again.end).toBe(look);
    expect(again.bytes.equals(nar())).toBe(true);
  });

  it.each([
    ['content', () => writeFileSync(path.join(tree, 'dir/small'), 'smalL')],
    [
      'content, with its old times put back',
      () => {
        writeFileSync(path.join(tree, 'dir/small'), 'smalL');
        utimesSync(path.join(tree, 'dir/small'), 1, 1);
      },
    ],
    [
      'a link',
      () => {
        rmSync(path.join(tree, 'link'));
        symlinkSync('bug', path.join(tree, 'link'));
      },
    ],
  ])('notices a change of %s since then', (_, change) => {
    utimesSync(path.join(tree, 'dir/small'), 1, 1);
    const order = orderOf({ knownLook: String(run(orderOf()).end) });
    change();
    const { bytes, end } = run(order);

    expect(end).toMatchObject({ code: 'cache.nar-corrupted' });
    expect((end as Error).message).toContain('has changed on disk'); // just matched as an AppError
    expect(bytes.length).toBeLessThan(order.narSize);
  });

  it('gives of every split of the NAR parts that make up the whole, with or without a known look', () => {
    const whole = nar();
    const look = String(run(orderOf()).end);
    const offset = fc.nat(whole.length);
    fc.assert(
      fc.property(
        fc.array(offset, { maxLength: 4 }),
        fc.constantFrom(undefined, look),
        fc.constantFrom(4096, 65_536, 1_000_000),
        (cuts, knownLook, slotSize) => {
          const ends = [...cuts, whole.length].sort((a, b) => a - b);
          const parts = ends.map(
            (end, at) => run(orderOf({ start: ends[at - 1] ?? 0, end, knownLook }), slotSize).bytes,
          );
          expect(Buffer.concat(parts).equals(whole)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('closes the file it has open when it is left', () => {
    const dump = new VerifiedDump(orderOf());
    dump.step(Buffer.alloc(1000));
    const open = (): boolean =>
      readdirSync('/proc/self/fd').some((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`) === path.join(tree, 'big');
        } catch {
          return false;
        }
      });

    expect(open()).toBe(true);
    dump[Symbol.dispose]();
    expect(open()).toBe(false);
  });
});
