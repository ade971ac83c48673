/**
 * What it costs to look for store paths in a NAR that is uploaded, against hashing it, which is done to the same bytes by the
 * same thread: one GiB of a program's code, in pieces as they are unpacked, and of nothing but mentions.
 *
 *   npm run bench -- scan [--json]
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { findMentions } from '../src/cache/stored/find-mentions.ts';
import { type BenchCase, benchCase } from './bench-case.ts';

const rounds = 3;
const gibibyte = 2 ** 30;
const pieceBytes = 256 * 1024;

export async function* bench(): AsyncGenerator<BenchCase> {
  yield measure('a program', readFileSync(process.execPath), 1);
  const mention = (n: number): string => `/nix/store/${String(n % 50).padStart(32, '0')}-name/lib/x\n`;
  // Nothing real is like that; it is bounded, that is all.
  yield measure('mentions only', Buffer.from(Array.from({ length: 100_000 }, (_, n) => mention(n)).join('')));
}

function measure(name: string, content: Buffer, atMost?: number): BenchCase {
  const pieces = Array.from({ length: Math.ceil(content.length / pieceBytes) }, (_, n) =>
    content.subarray(n * pieceBytes, (n + 1) * pieceBytes),
  );
  const seconds = (take: (piece: Buffer) => void): number => {
    const began = performance.now();
    let bytes = 0;
    while (bytes < gibibyte) {
      for (const piece of pieces) take(piece);
      bytes += content.length;
    }
    return ((performance.now() - began) / 1000 / bytes) * gibibyte;
  };
  const [ours, peer]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const search = findMentions();
    ours.push(seconds((piece) => search.push(piece)));
    const hash = createHash('sha256');
    peer.push(seconds((piece) => void hash.update(piece)));
  }
  return benchCase({ bench: 'scan', case: name, unit: 's/GiB', ours, peer, peerName: 'sha256', atMost });
}
