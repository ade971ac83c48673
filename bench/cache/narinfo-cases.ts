/** narinfos: requests a second that one process answers, against one worker of nginx that has the same ones as files. */

import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { formatBareHash } from '../../src/nix/hash.ts';
import { type BenchCase, benchCase } from '../bench-case.ts';
import { processorTimeOf } from '../eval/processor-time.ts';
import { fillStore } from './fill-store.ts';
import type { CacheArgs } from './parse-cache-args.ts';
import { requestsPerSecond, writeRequests } from './requests-per-second.ts';
import { startNginx } from './start-nginx.ts';
import { startServer } from './start-server.ts';

const nginxPort = 18_425;

export async function* narinfoCases(
  folder: string,
  { rounds, paths, cases }: CacheArgs,
  say: (text: string) => void,
): AsyncGenerator<BenchCase> {
  const all = [
    { name: 'hits', text: 'narinfo hits', isHit: true, flags: [], atLeast: 0.9 },
    { name: 'misses', text: 'narinfo misses', isHit: false, flags: [], atLeast: 1.0 },
    {
      name: 'no-front-door',
      text: 'narinfo hits without the front door',
      isHit: true,
      flags: ['--no-front-door'],
      atLeast: undefined,
    },
  ] as const;
  const chosen = all.filter(({ name }) => cases.includes(name));
  if (chosen.length === 0) return;
  const hashParts = await fillStore(paths);
  const scripts = {
    hits: await writeRequests(folder, 'hits', hashParts),
    misses: await writeRequests(folder, 'misses', hashParts.map(otherHashPart)),
  };
  const files = await writeFiles(folder, hashParts);
  await using nginx = await startNginx(folder, files, nginxPort, paths);
  for (const { text, isHit, flags, atLeast } of chosen) {
    await using server = await startServer(...flags);
    const script = isHit ? scripts.hits : scripts.misses;
    const ours: Rate[] = [];
    const peer: Rate[] = [];
    // Once not counted: narinfos are signed, code is compiled, files are opened.
    for (let round = 0; round <= rounds; round++) {
      const us = await measure(server, script, isHit);
      const them = await measure(nginx, script, isHit);
      say(`${text}, round ${round}: ${describe(us)}, nginx ${describe(them)}`);
      if (round === 0) continue;
      ours.push(us);
      peer.push(them);
    }
    const common = { bench: 'cache', peerName: 'nginx static' };
    yield benchCase({
      ...{ ...common, case: text, unit: '/s', atLeast },
      ...{ ours: ours.map(({ perSecond }) => perSecond), peer: peer.map(({ perSecond }) => perSecond) },
    });
    // What wrk can ask for bounds the above, and neighbours disturb it; this is what the serving process needs.
    yield benchCase({
      ...{ ...common, case: `${text}, processor time of one`, unit: 'us' },
      ...{
        ours: ours.map(({ microseconds }) => microseconds),
        peer: peer.map(({ microseconds }) => microseconds),
      },
    });
  }
}

interface Rate {
  readonly perSecond: number;
  /** Of processor time, that the process takes for one request. */
  readonly microseconds: number;
}

async function measure(
  { url, pid }: { readonly url: string; readonly pid: number },
  script: string,
  hits: boolean,
): Promise<Rate> {
  const usedMs = async (): Promise<number> => processorTimeOf(await readFile(`/proc/${pid}/stat`, 'utf8'));
  const before = await usedMs();
  const { perSecond, count } = await requestsPerSecond(url, script, { hits });
  return { perSecond, microseconds: (((await usedMs()) - before) * 1e3) / count };
}

function describe({ perSecond, microseconds }: Rate): string {
  return `${perSecond.toFixed(0)} a second (${microseconds.toFixed(2)} us)`;
}

async function writeFiles(folder: string, hashParts: readonly string[]): Promise<string> {
  const files = path.join(folder, 'files');
  mkdirSync(files);
  await using server = await startServer();
  for (const hashPart of hashParts) {
    const response = await fetch(`${server.url}/${hashPart}.narinfo`);
    writeFileSync(path.join(files, `${hashPart}.narinfo`), await response.text());
  }
  return files;
}

/** One that is certainly not there. */
function otherHashPart(hashPart: string): string {
  const bytes = createHash('sha1').update(`not ${hashPart}`).digest();
  return formatBareHash({ algorithm: 'sha1', bytes }, 'nix32');
}
