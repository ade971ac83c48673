/** A real S3 server over HTTP on this machine, with one bucket. */

import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import S3rver from 's3rver';

export interface S3Server extends AsyncDisposable {
  /** Of a prefix in the bucket, as the configuration has it. */
  url(prefix?: string): string;
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
}

export async function startS3Server(): Promise<S3Server> {
  const folder = await mkdtemp(path.join(tmpdir(), 'proteus-s3-'));
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory: folder,
    configureBuckets: [{ name: 'nars', configs: [] }],
  });
  const { port } = (await server.run()) as AddressInfo; // it listens on TCP
  return {
    url: (prefix = '') => `s3://nars${prefix}?endpoint=http://127.0.0.1:${port}`,
    // Those that the server has built in.
    env: { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' },
    folder,
    async [Symbol.asyncDispose]() {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
