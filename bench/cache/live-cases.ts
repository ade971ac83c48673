/**
 * NARs of the live store: bytes a second that one client gets, against `nix-store --dump` into a pipe; how long the event
 * loop is held up while 16 clients download, and how much memory 200 downloads take.
 */

import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runProcess } from '../../src/process/run-process.ts';
import { type BenchCase, benchCase } from '../bench-case.ts';
import { addToStore } from './add-to-store.ts';
import { mibPerSecond } from './mib-per-second.ts';
import type { CacheArgs } from './parse-cache-args.ts';
import { type BenchServer, startServer } from './start-server.ts';

type Say = (text: string) => void;

const bigFile = 'head -c 1073741824 /dev/urandom > tree';
const smallFiles =
  'mkdir tree; cd tree; for d in $(seq 180); do mkdir $d; for f in $(seq 100); do head -c 18000 /dev/urandom > $d/$f; done; done';

export async function* liveCases({ rounds, cases }: CacheArgs, say: Say): AsyncGenerator<BenchCase> {
  if (!cases.some((name) => ['big', 'small', 'delay', 'memory'].includes(name))) return;
  const server = await startServer();
  await using _server = server;
  if (cases.includes('small')) {
    yield await liveNar(server, 'live NAR, 18,000 small files', addToStore(smallFiles), 0.5, rounds, say);
  }
  if (!cases.some((name) => ['big', 'delay', 'memory'].includes(name))) return;
  const big = addToStore(bigFile);
  if (cases.includes('big'))
    yield await liveNar(server, 'live NAR, one file of 1 GiB', big, 0.6, rounds, say);
  if (cases.includes('delay')) yield await eventLoop(big);
  if (cases.includes('memory')) yield await memory(big, say);
}

const urlOf = (server: BenchServer, storePath: string): string =>
  `${server.url}/nar/${path.basename(storePath).slice(0, 32)}.nar`;

async function liveNar(
  server: BenchServer,
  name: string,
  storePath: string,
  atLeast: number,
  rounds: number,
  say: Say,
): Promise<BenchCase> {
  const size = Number(execFileSync('nix-store', ['-q', '--size', storePath], { encoding: 'utf8' }));
  const fetching = ['curl', '-sSf', '-o', '/dev/null', urlOf(server, storePath)] as const;
  const dumping = ['sh', '-c', 'nix-store --dump "$0" | cat > /dev/null', storePath] as const;
  const ours: number[] = [];
  const peer: number[] = [];
  // Once not counted: files come into memory, and our server finds the hash right.
  for (let round = 0; round <= rounds; round++) {
    const rate = await mibPerSecond(size, () => runProcess(fetching));
    const dump = await mibPerSecond(size, () => runProcess(dumping));
    say(`${name}, round ${round}: ${rate.toFixed(0)}, nix-store --dump ${dump.toFixed(0)} MiB/s`);
    if (round === 0) continue;
    ours.push(rate);
    peer.push(dump);
  }
  const peerName = 'nix-store --dump to a pipe';
  return benchCase({ bench: 'cache', case: name, unit: 'MiB/s', ours, peer, peerName, atLeast });
}

async function eventLoop(big: string): Promise<BenchCase> {
  await using server = await startServer('--watch-delay');
  const fetching = ['curl', '-sSf', '--limit-rate', '200M', '-o', '/dev/null', urlOf(server, big)] as const;
  await runProcess([...fetching]);
  await server.ask();
  await Promise.all(Array.from({ length: 16 }, () => runProcess([...fetching])));
  const { delayMs } = await server.ask();
  return benchCase({
    bench: 'cache',
    case: 'event loop delay, 99th percentile, 16 downloads',
    unit: 'ms',
    ours: [delayMs],
    peer: [20],
    peerName: 'limit',
    atMost: 1,
  });
}

/** The most that is seen while 200 clients download for ten seconds, at 4 MiB a second each. */
async function memory(big: string, say: Say): Promise<BenchCase> {
  await using server = await startServer();
  say(`memory at rest: ${mib((await server.ask()).rss)}`);
  const stop = new AbortController();
  const downloads = Array.from({ length: 200 }, () =>
    runProcess(['curl', '-sSf', '--limit-rate', '4M', '-o', '/dev/null', urlOf(server, big)], {
      signal: stop.signal,
    }).catch(() => {}),
  );
  let most = 0;
  for (let second = 0; second < 10; second++) {
    await sleep(1000);
    most = Math.max(most, (await server.ask()).rss);
  }
  stop.abort();
  await Promise.all(downloads);
  say(`memory at the end: ${mib((await server.ask()).rss)}`);
  return benchCase({
    bench: 'cache',
    case: 'memory, 200 downloads of 1 GiB',
    unit: 'MiB',
    ours: [most / 2 ** 20],
    peer: [300],
    peerName: 'limit',
    atMost: 1,
  });
}

const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
