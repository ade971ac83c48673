/**
 * The file of a NAR (`.nar.zst`) to one client: bytes a second when we send it ourselves, and when nginx sends it at our word
 * (`X-Accel-Redirect`, set up as `proteus cache nginx` prints it), against the same nginx that sends the same file of its
 * own accord.
 */

import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { renderNginx } from '../../src/cli/nginx/render-nginx.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { type BenchCase, benchCase } from '../bench-case.ts';
import { addToStore } from './add-to-store.ts';
import { mibPerSecond } from './mib-per-second.ts';
import type { CacheArgs } from './parse-cache-args.ts';
import { startNginx } from './start-nginx.ts';
import { type BenchServer, startServer } from './start-server.ts';

const nginxPort = 18_426;
/** Of the server behind nginx. */
const upstreamPort = 18_427;
/** 692 MiB that compress to three quarters. */
const tree = 'head -c 536870912 /dev/urandom | base64 > tree';

export async function* storedCases(
  folder: string,
  { rounds, cases }: CacheArgs,
  say: (text: string) => void,
): AsyncGenerator<BenchCase> {
  if (!cases.some((name) => ['stored', 'accel'].includes(name))) return;
  const kept = path.join(folder, 'kept');
  const storePath = addToStore(tree);
  const file = await keepAsFile(kept, storePath);
  const site = renderNginx({
    serverName: '_',
    tls: undefined,
    upstream: `127.0.0.1:${upstreamPort}`,
    files: path.join(kept, 'nars/nar'),
    site: true,
  });
  await using nginx = await startNginx(folder, path.join(kept, 'nars/nar'), nginxPort, 1, site);
  const all = [
    { name: 'stored', text: 'stored NAR, sent by ourselves', flags: [], atLeast: 0.8 },
    { name: 'accel', text: 'stored NAR, sent by nginx for us', flags: ['--accel', '/_nar/'], atLeast: 0.95 },
  ] as const;
  for (const { name, text, flags, atLeast } of all) {
    if (!cases.includes(name)) continue;
    await using server = await startServer('--keep', kept, '--port', String(upstreamPort), ...flags);
    const ourUrl = `${name === 'accel' ? 'http://127.0.0.1:80' : server.url}/nar/${file.name}`;
    const { ours, peer } = await measure(ourUrl, `${nginx.url}/${file.name.slice(0, 2)}/${file.name}`, {
      rounds,
      file,
      say: (round, us, them) =>
        say(`${text}, round ${round}: ${us.toFixed(0)}, nginx ${them.toFixed(0)} MiB/s`),
    });
    yield benchCase({
      bench: 'cache',
      case: text,
      unit: 'MiB/s',
      ours,
      peer,
      peerName: 'nginx sendfile',
      atLeast,
    });
  }
}

interface KeptFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

interface Measure {
  readonly rounds: number;
  readonly file: KeptFile;
  readonly say: (round: number, us: number, them: number) => void;
}

async function measure(ourUrl: string, peerUrl: string, { rounds, file, say }: Measure) {
  const ours: number[] = [];
  const peer: number[] = [];
  const fetching = async (url: string): Promise<void> => {
    const form = '%{http_code} %{size_download}';
    const { stdout } = await runProcess(['curl', '-sS', '-o', '/dev/null', '-w', form, url]);
    if (stdout !== `200 ${file.size}`)
      throw new Error(`wanted 200 and ${file.size} bytes of ${url}, got ${stdout}`);
  };
  // Once not counted: the file comes into memory, and our server finds it right.
  for (let round = 0; round <= rounds; round++) {
    const us = await mibPerSecond(file.size, () => fetching(ourUrl));
    const them = await mibPerSecond(file.size, () => fetching(peerUrl));
    say(round, us, them);
    if (round === 0) continue;
    ours.push(us);
    peer.push(them);
  }
  return { ours, peer };
}

/** Asks a server for the NAR, which makes it keep the file, and waits until its narinfo says so. */
async function keepAsFile(folder: string, storePath: string): Promise<KeptFile> {
  await using server: BenchServer = await startServer('--keep', folder);
  const hashPart = path.basename(storePath).slice(0, 32);
  await runProcess(['curl', '-sSf', '-o', '/dev/null', `${server.url}/nar/${hashPart}.nar`]);
  for (let tries = 0; tries < 600; tries++) {
    const narinfo = await (await fetch(`${server.url}/${hashPart}.narinfo`)).text();
    const name = /^URL: nar\/(.*\.nar\.zst)$/m.exec(narinfo)?.[1];
    const size = /^FileSize: (\d+)$/m.exec(narinfo)?.[1];
    if (name !== undefined && size !== undefined) return { name, size: Number(size) };
    await sleep(100);
  }
  throw new Error(`${storePath} did not become a file within a minute`);
}
