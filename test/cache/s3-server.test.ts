/** A whole server whose files are in S3, also while S3 does not answer. */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rename, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { expect, it } from 'vitest';
import { put, sampleUpload, upload } from '../../src/cache/testing/test-site.ts';
import { storePathHash } from '../../src/nix/store-path.ts';
import { startS3Server } from '../blobs/s3-server.ts';
import { parseEvents, proteus } from '../helpers/proteus.ts';
import { serve } from '../helpers/serve.ts';
import { makeFolder } from '../helpers/write-network.ts';
import { buildPath } from './build-path.ts';

/** A line to a port that can be cut, take connections and say nothing, and be there again. */
async function startLine(port: number) {
  const sockets = new Set<Socket>();
  let isUp = true;
  let isSilent = false;
  const server = createServer((client) => {
    if (!isUp) return void client.destroy();
    if (isSilent) {
      sockets.add(client);
      client.on('error', () => {}).resume();
      return;
    }
    const upstream = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const cut = (): void => {
    isUp = false;
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: address.port,
    cut,
    hush: () => {
      isSilent = true;
      for (const socket of sockets) socket.removeAllListeners('data').resume();
    },
    mend: () => {
      isUp = true;
      isSilent = false;
      for (const socket of sockets) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

it('keeps files in S3, and while that is away tells nobody anything wrong and gives nothing up', async () => {
  await using s3 = await startS3Server();
  const [, direct = ''] = /:(\d+)$/.exec(s3.url()) ?? [];
  await using line = await startLine(Number(direct));
  const folder = await makeFolder();
  const [config, directory] = [path.join(folder, 'proteus.toml'), path.join(folder, 'data')];
  await writeFile(
    config,
    `[nars]\nat = "${s3.url('/caches').replace(direct, String(line.port))}&timeout=1"\n`,
  );
  const where = ['--config', config, '--data-directory', directory];
  const run = (...args: readonly string[]) => proteus([...args, ...where], { env: s3.env });
  await using server = await serve(directory, { args: ['--config', config], env: s3.env });
  const token = (await run('cache', 'token', 'create', 'main', 'ci', '--push')).stdout.trim();
  const { url } = server;
  const status = async (target: string) => (await fetch(`${url}/${target}`)).status;
  const outcome = (target: string) =>
    fetch(`${url}/${target}`).then(
      async (response) =>
        response.ok
          ? response.bytes().then(
              (bytes) => bytes.length,
              () => 'cut',
            )
          : response.status,
      () => 'cut',
    );
  const known = async () => /^main +\/ +(\d+) /m.exec((await run('cache', 'list')).stdout)?.[1];

  // What the store has becomes a file there, and is served in whole and in parts.
  const built = await buildPath('in-s3', 'dd if=/dev/urandom of=$out bs=1M count=24');
  const narinfo = async (): Promise<string> => (await fetch(`${url}/${storePathHash(built)}.narinfo`)).text();
  const target = async (): Promise<string> => /^URL: (.*)$/m.exec(await narinfo())?.[1] ?? '';
  const live = await (await fetch(`${url}/${await target()}`)).bytes();
  await expect.poll(target).toMatch(/^nar\/[0-9a-z]{52}\.nar$/);
  const file = await target();
  const whole = await (await fetch(`${url}/${file}`)).bytes();
  expect(Buffer.compare(whole, live)).toBe(0);
  const part = await fetch(`${url}/${file}`, { headers: { range: 'bytes=5000000-20000000' } });
  expect([part.status, part.headers.get('content-range')]).toEqual([
    206,
    `bytes 5000000-20000000/${whole.length}`,
  ]);
  expect(Buffer.compare(await part.bytes(), whole.subarray(5_000_000, 20_000_001))).toBe(0);
  const sample = sampleUpload('uploaded', [], {
    tree: { type: 'regular', contents: randomBytes(1_000_000) },
  });
  expect(await upload(url, sample, token)).toBe(200);
  await expect.poll(known).toBe('2');

  // Away: in the middle of a download, and then for everybody.
  const another = sampleUpload('while-away');
  const fails = async (change: () => void): Promise<void> => {
    const reader = (await fetch(`${url}/${file}`)).body?.getReader();
    await reader?.read();
    change();
    const rest = async (): Promise<string> => {
      for (;;) if ((await reader?.read())?.done !== false) return 'whole';
    };
    await expect(rest()).rejects.toThrow('terminated');
    expect(await status(`${storePathHash(built)}.narinfo`)).toBe(200);
    expect(await status(`${sample.hashPart}.narinfo`)).toBe(200);
    expect(await status(`${another.hashPart}.narinfo`)).toBe(404);
    // All at once: each waits for its own deadline.
    const [scrub, received, ...outcomes] = await Promise.all([
      run('cache', 'scrub'),
      put(`${url}/${another.name}`, another.file, token),
      outcome(file),
      outcome(sample.name),
    ]);
    expect(outcomes).toEqual([404, 404]);
    expect(received.status).toBe(503);
    expect([scrub.code, scrub.stderr]).toEqual([1, expect.stringContaining('cannot list s3://nars')]);
  };
  await fails(line.cut);

  // There, but whoever asks hears nothing, or nothing more.
  line.mend();
  await fails(line.hush);

  // There, but it knows nothing of the bucket any more.
  line.mend();
  const bucket = path.join(s3.folder, 'nars');
  await rename(bucket, `${bucket}-away`);
  expect(await outcome(sample.name)).toBe(404);
  expect(await status(`${sample.hashPart}.narinfo`)).toBe(200);
  await rename(`${bucket}-away`, bucket);

  expect(await outcome(file)).toBe(whole.length);
  expect(await outcome(sample.name)).toBe(sample.file.length);
  expect(await upload(url, another, token)).toBe(200);
  expect(await known()).toBe('3');
  expect(parseEvents((await run('cache', 'scrub', '--json')).stdout).at(-1)).toMatchObject({
    ...{ files: 3, repaired: 0, withdrawn: 0, orphans: 0, unreadable: 0 },
  });
});
