/** Path inputs: what is on this machine, and what a URL gives. */

import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addPath } from '../store/nix-lab.ts';
import { type InputFixture, inputFixture } from './input-fixture.ts';

let fixture: InputFixture;
let folder: string;
let time = Date.UTC(2024, 1, 3, 4, 5, 6, 789);
let count = 0;

beforeAll(async () => {
  fixture = await inputFixture({ now: () => time });
});
afterAll(() => fixture[Symbol.asyncDispose]());
beforeEach(() => {
  folder = join(fixture.folder, `source-${++count}`);
  mkdirSync(folder);
});

describe('a path input', () => {
  it('is added under its own name, as nix-store --add does', async () => {
    writeFileSync(join(folder, 'a'), 'x');
    chmodSync(join(folder, 'a'), 0o755);
    symlinkSync('/etc/passwd', join(folder, 'link'));

    const { storePath, input, attributes } = await fixture.fetchPath('path', `${folder}/`);

    expect(storePath).toBe(addPath(folder));
    const hash = execFileSync('nix-hash', ['--type', 'sha256', folder], { encoding: 'utf8' }).trim();
    expect(input).toMatchObject({
      uri: `${folder}/`,
      revision: `20240203040506:${hash}`,
      sha256: hash,
      dependency: null,
    });
    expect(attributes).toEqual({ uri: `${folder}/`, rev: input.revision });
    expect(fixture.kept).toContain(storePath);
  });

  it('gets its old revision back with its old content', async () => {
    const revisions: unknown[] = [];
    for (const content of ['A', 'B', 'A']) {
      writeFileSync(join(folder, 'a'), content);
      time += 60_000;
      revisions.push((await fixture.fetchPath('path', folder)).input.revision);
    }

    expect(revisions[2]).toBe(revisions[0]);
    expect(revisions[1]).not.toBe(revisions[0]);
  });

  it('is looked at every time, unless seconds are said', async () => {
    writeFileSync(join(folder, 'a'), '1');
    const first = await fixture.fetchPath('path', `${folder} 30`);
    writeFileSync(join(folder, 'a'), '2');

    expect((await fixture.fetchPath('path', `${folder} 30`)).storePath).toBe(first.storePath);
    expect((await fixture.fetchPath('path', folder)).storePath).not.toBe(first.storePath);
    time += 31_000;
    expect(readFileSync(`${(await fixture.fetchPath('path', `${folder} 30`)).storePath}/a`, 'utf8')).toBe(
      '2',
    );
  });

  it('is looked at by one at a time', async () => {
    writeFileSync(join(folder, 'a'), '1');
    const all = await Promise.all(Array.from({ length: 4 }, () => fixture.fetchPath('path', `${folder} 30`)));

    expect(new Set(all.map(({ storePath }) => storePath)).size).toBe(1);
  });

  it('is what a symlink leads to', async () => {
    writeFileSync(join(folder, 'a'), 'x');
    symlinkSync(folder, `${folder}-current`);

    const { storePath } = await fixture.fetchPath('path', `${folder}-current`);

    expect(storePath).toMatch(/-current$/);
    expect(readFileSync(`${storePath}/a`, 'utf8')).toBe('x');
  });

  it('is itself when it is in the store already, and a copy when it is only a part of that', async () => {
    writeFileSync(join(folder, 'a'), 'x');
    const there = addPath(folder);
    symlinkSync(there, join(folder, 'result'));

    expect((await fixture.fetchPath('path', there)).storePath).toBe(there);
    expect((await fixture.fetchPath('path', join(folder, 'result'))).storePath).toBe(there);
    expect((await fixture.fetchPath('path', `${there}/a`)).storePath).toMatch(/-a$/);
  });

  it.each([
    ['what is not there', '/nowhere/at/all', 'cannot read /nowhere/at/all: there is no such file or folder'],
    [
      'a device',
      '/dev/null',
      'cannot take /dev/null into the store: cannot make a NAR of /dev/null: it is neither a file nor a symlink nor a directory',
    ],
    ['a circle', '/circle', 'its symlinks go round in a circle'],
    ['a socket in a folder', '/socket', 'neither a file nor a symlink nor a directory'],
  ])('says what is wrong with %s', async (_, path, message) => {
    symlinkSync('circle', join(folder, 'circle'));
    mkdirSync(join(folder, 'socket'));
    execFileSync('mkfifo', [join(folder, 'socket/fifo')]);
    const value = path.startsWith('/circle') || path.startsWith('/socket') ? folder + path : path;

    await expect(fixture.fetch('path', value)).rejects.toMatchObject({
      code: 'input.fetch',
      message: expect.stringContaining(message),
    });
  });

  it('can be a URL, which Nix fetches', async () => {
    const server = createServer((request, response) => {
      if (request.url === '/missing') response.writeHead(404);
      response.end('content');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const { storePath, input } = await fixture.fetchPath('path', `${address}/some@file.txt`);
      expect(storePath).toMatch(/-some-file.txt$/);
      expect(readFileSync(storePath, 'utf8')).toBe('content');
      expect((await fixture.deps.store.queryPathInfo(storePath))?.narHash).toBe(input.sha256);

      await expect(fixture.fetch('path', `${address}/missing`)).rejects.toMatchObject({
        code: 'input.fetch',
        message: expect.stringMatching(/^cannot fetch http:.*\/missing: [\s\S]*404/),
      });
    } finally {
      server.close();
    }
  });

  it('leaves nothing behind when it is interrupted', async () => {
    const signal = AbortSignal.abort();
    rmSync(folder, { recursive: true });

    await expect(fixture.fetch('path', folder, { signal })).rejects.toMatchObject({ code: 'interrupted' });
  });
});
