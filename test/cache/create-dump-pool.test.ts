/** NARs made in threads, of real trees. */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { createDumpPool } from '../../src/cache/live/create-dump-pool.ts';
import { parseStorePath } from '../../src/nix/store-path.ts';
import { dumpPath } from '../../src/store/dump-path.ts';
import type { PathInfo } from '../../src/store/store.ts';
import { tempDir } from '../store/nix-lab.ts';

const pools: AsyncDisposable[] = [];
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool[Symbol.asyncDispose]();
});
function newPool(size?: number) {
  const pool = createDumpPool(size);
  pools.push(pool);
  return pool;
}

function addTree(megabytes: number): PathInfo {
  const dir = `${tempDir()}/tree`;
  execFileSync('bash', [
    '-c',
    `mkdir "$0" && head -c ${megabytes}M /dev/urandom > "$0/blob" && echo x > "$0/x"`,
    dir,
  ]);
  const path = execFileSync('nix-store', ['--add', dir], { encoding: 'utf8' }).trim();
  const nar = Buffer.concat([...dumpPath(path)]);
  return {
    path: parseStorePath(path),
    deriver: undefined,
    narHash: createHash('sha256').update(nar).digest('hex'),
    narSize: nar.length,
    references: [],
    registrationTime: 0,
    ultimate: false,
    signatures: [],
    contentAddress: '',
  };
}

async function take(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

describe('createDumpPool', () => {
  it('makes many NARs side by side, each whole', async () => {
    const pool = newPool(2);
    const trees = [addTree(3), addTree(1), addTree(2)];
    const orders = [...trees, ...trees, ...trees, ...trees];
    const nars = await Promise.all(orders.map((info) => take(pool.dump(info))));

    expect(nars.map((nar) => createHash('sha256').update(nar).digest('hex'))).toEqual(
      orders.map(({ narHash }) => narHash),
    );
  });

  it('keeps the last piece back when the tree is damaged, first and after it was once right', async () => {
    const pool = newPool();
    const info = addTree(2);
    await take(pool.dump(info));
    execFileSync('chmod', ['-R', 'u+w', info.path]);
    writeFileSync(`${info.path}/x`, 'y\n');

    for (const _ of ['by its look', 'by its hash']) {
      await expect(take(pool.dump(info))).rejects.toMatchObject({ code: 'cache.nar-corrupted' });
    }
  });

  it('makes no more than the reader takes, and closes its files when the reader leaves', async () => {
    const pool = newPool(1);
    const info = addTree(64);
    let bytes = 0;
    for await (const piece of pool.dump(info)) {
      bytes += piece.length;
      await sleep(100);
      break;
    }
    const open = (): readonly string[] =>
      readdirSync('/proc/self/fd').flatMap((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`);
        } catch {
          return [];
        }
      });

    await expect.poll(() => open().filter((file) => file.startsWith(info.path))).toEqual([]);
    expect(bytes).toBeLessThan(1_000_000);
  });

  it('ends what is under way when it is disposed of', async () => {
    const pool = createDumpPool(1);
    const reading = (async () => {
      for await (const _ of pool.dump(addTree(16))) await sleep(10);
    })();
    const outcome = reading.catch((error: unknown) => error);
    await sleep(100);
    await pool[Symbol.asyncDispose]();

    expect(await outcome).toMatchObject({ code: 'interrupted' });
  });
});
