/** Fills a fresh store with many small valid paths, the way a restored machine gets them: files and registrations. */

import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { formatBareHash } from '../../src/nix/hash.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { dumpPath } from '../../src/store/dump-path.ts';

/** The hash parts of the paths. Each path is one small file, with its NAR hash known to the store. */
export async function fillStore(count: number): Promise<readonly string[]> {
  await mkdir('/nix/store', { recursive: true });
  const hashParts: string[] = [];
  const registrations: string[] = [];
  for (let number = 0; number < count; number++) {
    const digest = createHash('sha256').update(`bench ${number}`).digest().subarray(0, 20);
    const hashPart = formatBareHash({ algorithm: 'sha1', bytes: digest }, 'nix32');
    const path = `/nix/store/${hashPart}-bench-${number}`;
    await writeFile(path, `the content of path ${number}\n`);
    const nar = Buffer.concat([...dumpPath(path)]);
    const narHash = createHash('sha256').update(nar).digest('hex');
    hashParts.push(hashPart);
    // As `nix-store --register-validity --hash-given` reads it: path, hash, size, deriver, number of references.
    registrations.push(`${path}\n${narHash}\n${nar.length}\n\n0\n`);
  }
  await runProcess(['nix-store', '--register-validity', '--hash-given'], { input: registrations.join('') });
  return hashParts;
}
