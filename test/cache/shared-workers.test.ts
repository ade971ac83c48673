/** Several serving processes with the same files: what one of them makes, all of them have. */

import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type StorePath, storePathHash } from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { dialects } from '../db/fresh-databases.ts';
import { PostgresCluster } from '../db/postgres-cluster.ts';
import { deleteFromStore } from '../helpers/delete-from-store.ts';
import { parseEvents, proteus } from '../helpers/proteus.ts';
import { serveCache } from '../helpers/serve-cache.ts';
import { makeFolder } from '../helpers/write-network.ts';
import { buildPath } from './build-path.ts';

const workers = 3;
/** So many connections that each process gets some of them. */
const askers = 24;

async function narinfos(url: string, of: StorePath): Promise<readonly string[]> {
  const ask = async (): Promise<string> => {
    const headers = { connection: 'close' };
    const response = await fetch(`${url}/${storePathHash(of)}.narinfo`, { headers });
    return `${response.status} ${/^URL: (.*)$/m.exec(await response.text())?.[1]}`;
  };
  return [...new Set(await Promise.all(Array.from({ length: askers }, ask)))];
}

async function nar(url: string): Promise<string> {
  const response = await fetch(url, { headers: { connection: 'close' } });
  return `${response.status} ${(await response.arrayBuffer()).byteLength}`;
}

function files(nars: string): readonly string[] {
  return readdirSync(path.join(nars, 'nar'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
}

describe.each(dialects)('several processes with the same files, on %s', (dialect) => {
  it('make each file once, all have it, and go on when one is killed while it makes one', async () => {
    await using stack = new AsyncDisposableStack();
    const nars = path.join(await makeFolder(), 'nars');
    const database = ['--database'];
    if (dialect === 'postgres') {
      const cluster = stack.use(await PostgresCluster.create());
      await cluster.query('create database nars');
      database.push(cluster.url('nars'));
    } else database.push(path.join(await makeFolder(), 'db'));
    const cache = stack.use(
      await serveCache('workers-1', ['--nars', nars, ...database, '--workers', String(workers)]),
    );
    const url = `http://127.0.0.1:${cache.port}`;
    const small = await buildPath(
      `shared-small-${dialect}`,
      'for n in 1 2 3 4 5 6 7 8; do echo some words; done > $out',
    );
    const large = await buildPath(`shared-large-${dialect}`, 'dd if=/dev/urandom of=$out bs=1M count=40');

    const [live = ''] = await narinfos(url, small);
    const liveUrl = live.split(' ')[1];
    await Promise.all(Array.from({ length: askers }, () => nar(`${url}/${liveUrl}`)));
    await expect
      .poll(() => narinfos(url, small))
      .toEqual([expect.stringMatching(/^200 nar\/\S+\.nar\.zst$/)]);
    expect(files(nars)).toHaveLength(1);

    // One that makes the large file dies; the others make it in the end.
    await nar(`${url}/${(await narinfos(url, large))[0]?.split(' ')[1]}`);
    const { stdout } = await runProcess(['pgrep', '-f', 'workers/cache-worker.ts']);
    process.kill(Number(stdout.split('\n')[0]), 'SIGKILL');
    await expect
      .poll(
        async () => {
          const told = await narinfos(url, large).catch(() => []);
          const [, target = ''] = told[0]?.split(' ') ?? [];
          // Whoever is told the old address asks for it, which makes the others want the file.
          await nar(`${url}/${target}`).catch(() => '');
          return told;
        },
        { timeout: 60_000 },
      )
      .toEqual([expect.stringMatching(/^200 nar\/[0-9a-z]{52}\.nar$/)]);

    await deleteFromStore([small, large]);
    const [kept = ''] = await narinfos(url, small);
    const answers = await Promise.all(
      Array.from({ length: askers }, () => nar(`${url}/${kept.split(' ')[1]}`)),
    );
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toMatch(/^200 \d+$/);
    expect(await narinfos(url, large)).toEqual([expect.stringMatching(/^200 /)]);

    // Another process gives a file up: all of them know soon.
    const name = kept.split('/').at(-1) ?? '';
    await runProcess(['rm', path.join(nars, 'nar', name.slice(0, 2), name)]);
    const scrub = await proteus(['cache', 'scrub', '--nars', nars, ...database, '--json']);
    expect(parseEvents(scrub.stdout).at(-1)).toMatchObject({ files: 2, withdrawn: 1, unreadable: 0 });
    await expect.poll(() => narinfos(url, small)).toEqual(['404 undefined']);
  });
});
