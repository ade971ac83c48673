/**
 * The binary cache against nginx with the same files, and against Nix itself.
 *
 *   npm run bench -- cache [--json] [--rounds N] [--paths N]
 *
 * narinfos: requests a second that one process answers, hits and misses, against one worker of nginx that has the same
 * narinfos as files. NARs of the live store: bytes a second that one client gets, against `nix-store --dump` into a pipe,
 * for one large file and for a tree of many small ones. And how long the event loop is held up while 16 clients download.
 */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { formatBareHash } from '../src/nix/hash.ts';
import { runProcess } from '../src/process/run-process.ts';
import { type BenchCase, benchCase } from './bench-case.ts';
import { fillStore } from './cache/fill-store.ts';
import { requestsPerSecond, writeRequests } from './cache/requests-per-second.ts';
import { startNginx } from './cache/start-nginx.ts';
import { type BenchServer, startServer } from './cache/start-server.ts';

const nginxPort = 18_425;

export async function* bench(argv: readonly string[]): AsyncGenerator<BenchCase> {
  const { values } = parseArgs({
    args: [...argv],
    options: { rounds: { type: 'string', default: '5' }, paths: { type: 'string', default: '20000' } },
  });
  const rounds = Number(values.rounds);
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-cache-'));
  try {
    const hashParts = await fillStore(Number(values.paths));
    await using server = await startServer();
    yield* narinfos(folder, server, hashParts, rounds);
    yield await liveNar(server, 'live NAR, one file of 1 GiB', addBigFile(), 0.6, rounds);
    yield await liveNar(server, 'live NAR, 18,000 small files', addSmallFiles(), 0.5, rounds);
    yield await eventLoop(server);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function* narinfos(
  folder: string,
  server: BenchServer,
  hashParts: readonly string[],
  rounds: number,
): AsyncGenerator<BenchCase> {
  const files = path.join(folder, 'files');
  mkdirSync(files);
  say(`fetching ${hashParts.length} narinfos for nginx`);
  for (const hashPart of hashParts) {
    const response = await fetch(`${server.url}/${hashPart}.narinfo`);
    writeFileSync(path.join(files, `${hashPart}.narinfo`), await response.text());
  }
  const unknown = hashParts.map((hashPart) => otherHashPart(hashPart));
  const scripts = {
    hits: await writeRequests(folder, 'hits', hashParts),
    misses: await writeRequests(folder, 'misses', unknown),
  };
  await using nginx = await startNginx(folder, files, nginxPort);
  await using plain = await startServer('--no-front-door');
  const cases = [
    { name: 'narinfo hits', url: server.url, script: scripts.hits, atLeast: 0.9 },
    { name: 'narinfo misses', url: server.url, script: scripts.misses, atLeast: 1.0 },
    { name: 'narinfo hits without the front door', url: plain.url, script: scripts.hits, atLeast: undefined },
  ];
  for (const { name, url, script, atLeast } of cases) {
    const ours: number[] = [];
    const peer: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      ours.push(await requestsPerSecond(url, script));
      peer.push(await requestsPerSecond(nginx.url, script));
      say(`${name}, round ${round}: ${ours.at(-1)?.toFixed(0)}, nginx ${peer.at(-1)?.toFixed(0)} a second`);
    }
    yield benchCase({
      bench: 'cache',
      case: name,
      unit: '/s',
      ours,
      peer,
      peerName: 'nginx static',
      atLeast,
    });
  }
}

async function liveNar(
  server: BenchServer,
  name: string,
  storePath: string,
  atLeast: number,
  rounds: number,
): Promise<BenchCase> {
  const hashPart = path.basename(storePath).slice(0, 32);
  const url = `${server.url}/nar/${hashPart}.nar`;
  const size = Number(execFileSync('nix-store', ['-q', '--size', storePath], { encoding: 'utf8' }));
  const ours: number[] = [];
  const peer: number[] = [];
  // Once not counted: files come into memory, and our server finds the hash right.
  for (let round = 0; round <= rounds; round++) {
    const rate = await bytesPerSecond(size, () => runProcess(['curl', '-sSf', '-o', '/dev/null', url]));
    const pipe = ['sh', '-c', 'nix-store --dump "$0" | cat > /dev/null', storePath] as const;
    const dump = await bytesPerSecond(size, () => runProcess(pipe));
    say(`${name}, round ${round}: ${mib(rate)}, nix-store --dump ${mib(dump)} MiB/s`);
    if (round === 0) continue;
    ours.push(rate / 2 ** 20);
    peer.push(dump / 2 ** 20);
  }
  return benchCase({
    bench: 'cache',
    case: name,
    unit: 'MiB/s',
    ours,
    peer,
    peerName: 'nix-store --dump to a pipe',
    atLeast,
  });
}

async function eventLoop(server: BenchServer): Promise<BenchCase> {
  const [big] = [addBigFile()];
  const url = `${server.url}/nar/${path.basename(big).slice(0, 32)}.nar`;
  await server.ask();
  await Promise.all(
    Array.from({ length: 16 }, () =>
      runProcess(['curl', '-sSf', '--limit-rate', '200M', '-o', '/dev/null', url]),
    ),
  );
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

async function bytesPerSecond(bytes: number, work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return bytes / ((performance.now() - start) / 1000);
}

let big: string | undefined;
function addBigFile(): string {
  big ??= addToStore('head -c 1073741824 /dev/urandom > tree');
  return big;
}

function addSmallFiles(): string {
  return addToStore(
    'mkdir tree; cd tree; for d in $(seq 180); do mkdir $d; for f in $(seq 100); do head -c 18000 /dev/urandom > $d/$f; done; done',
  );
}

function addToStore(script: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-cache-'));
  try {
    execFileSync('sh', ['-ec', script], { cwd: folder });
    return execFileSync('nix-store', ['--add', path.join(folder, 'tree')], { encoding: 'utf8' }).trim();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** One that is certainly not there. */
function otherHashPart(hashPart: string): string {
  const bytes = createHash('sha1').update(`not ${hashPart}`).digest();
  return formatBareHash({ algorithm: 'sha1', bytes }, 'nix32');
}

function mib(rate: number): string {
  return (rate / 2 ** 20).toFixed(0);
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
