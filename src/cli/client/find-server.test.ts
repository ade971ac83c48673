import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findServer } from './find-server.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'find-'));
  await writeFile(path.join(directory, 'admin-token'), 'proteus_admin\n');
});
afterEach(() => rm(directory, { recursive: true }));

const find = (choice: Parameters<typeof findServer>[0], env: Record<string, string> = {}) =>
  findServer(choice, { env, cwd: directory, directory });

describe('findServer', () => {
  it('goes by the flag, then by the environment', async () => {
    const env = { PROTEUS_SERVER: 'http://b:2', PROTEUS_TOKEN: 't' };

    expect(await find({ server: 'http://a:1' }, env)).toEqual({ url: 'http://a:1', token: 't' });
    expect(await find({}, env)).toEqual({ url: 'http://b:2', token: 't' });
  });

  it('reads the token from a file, which counts before the environment', async () => {
    await writeFile(path.join(directory, 'mine'), ' secret \n');

    expect(await find({ server: 'http://a:1', tokenFile: 'mine' }, { PROTEUS_TOKEN: 't' })).toMatchObject({
      token: 'secret',
    });
  });

  it('gives the token of the data directory to no other server', async () => {
    expect(await find({ server: 'http://a:1' })).toEqual({ url: 'http://a:1', token: undefined });
  });

  it('says where it looked', async () => {
    await expect(find({})).rejects.toMatchObject({
      code: 'server.unreachable',
      message: `no server runs on ${directory}, and neither --server nor PROTEUS_SERVER says where another is`,
    });
    await expect(find({ server: 'ci:3000' })).rejects.toMatchObject({ code: 'usage.invalid' });
    await expect(find({ server: 'http://a:1', tokenFile: 'none' })).rejects.toMatchObject({
      code: 'usage.invalid',
      message: expect.stringContaining(`cannot read the token file ${directory}/none`),
    });
  });
});
