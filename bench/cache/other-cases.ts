/** narinfos and a live NAR against other caches of live stores; only those are measured that are on PATH. */

import { runProcess } from '../../src/process/run-process.ts';
import { type BenchCase, benchCase } from '../bench-case.ts';
import { addToStore } from './add-to-store.ts';
import { fillStore } from './fill-store.ts';
import { mibPerSecond } from './mib-per-second.ts';
import { onPath, otherCaches, startOther, writeKey } from './other-caches.ts';
import type { CacheArgs } from './parse-cache-args.ts';
import { requestsPerSecond, writeRequests } from './requests-per-second.ts';
import { startServer } from './start-server.ts';

const port = 18_428;
const url = `http://127.0.0.1:${port}`;
const mib = 256;

export async function* otherCases(
  folder: string,
  { rounds, paths, cases }: CacheArgs,
  say: (text: string) => void,
): AsyncGenerator<BenchCase> {
  if (!cases.includes('others')) return;
  const others = otherCaches(folder, port, onPath);
  if (others.length === 0) {
    say('neither harmonia nor nix-serve is on PATH: they are not measured');
    return;
  }
  await writeKey(folder);
  const hashParts = await fillStore(paths);
  const script = await writeRequests(folder, 'others', hashParts);
  const big = addToStore(`head -c ${mib * 2 ** 20} /dev/urandom > tree`);
  const hashPart = big.slice('/nix/store/'.length, '/nix/store/'.length + 32);
  await using server = await startServer();
  for (const cache of others) {
    await using _other = await startOther(cache, url);
    const sides = { ours: server.url, peer: url };
    yield await compare(
      cache.name,
      'narinfo hits',
      '/s',
      async (base) => (await requestsPerSecond(base, script)).perSecond,
      {
        ...sides,
        rounds,
        say,
      },
    );
    yield await compare(cache.name, 'live NAR', 'MiB/s', (base) => download(base, hashPart), {
      ...sides,
      rounds,
      say,
    });
  }
}

interface Sides {
  readonly ours: string;
  readonly peer: string;
  readonly rounds: number;
  readonly say: (text: string) => void;
}

async function compare(
  peerName: string,
  text: string,
  unit: string,
  measure: (base: string) => Promise<number>,
  sides: Sides,
): Promise<BenchCase> {
  const ours: number[] = [];
  const peer: number[] = [];
  // Once not counted.
  for (let round = 0; round <= sides.rounds; round++) {
    const [us, them] = [await measure(sides.ours), await measure(sides.peer)];
    sides.say(`${text}, round ${round}: ${us.toFixed(0)}, ${peerName} ${them.toFixed(0)} ${unit}`);
    if (round === 0) continue;
    ours.push(us);
    peer.push(them);
  }
  return benchCase({ bench: 'cache', case: text, unit, ours, peer, peerName, atLeast: 1 });
}

/** MiB a second of the NAR, at the URL that its narinfo names. */
async function download(base: string, hashPart: string): Promise<number> {
  const narinfo = await (await fetch(`${base}/${hashPart}.narinfo`)).text();
  const at = /^URL: (.+)$/m.exec(narinfo)?.[1];
  if (at === undefined) throw new Error(`${base} has no narinfo of ${hashPart}: ${narinfo}`);
  return mibPerSecond(mib * 2 ** 20, () =>
    runProcess(['curl', '-sSf', '-o', '/dev/null', new URL(at, `${base}/`).href]),
  );
}
