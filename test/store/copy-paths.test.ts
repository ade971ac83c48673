/** Closures from store to store, compared byte by byte. */

import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProteusEvent } from '../../src/events/event.ts';
import { parseStorePath, type StorePath } from '../../src/nix/store-path.ts';
import { copyPaths } from '../../src/store/copy-paths.ts';
import { dumpPath } from '../../src/store/dump-path.ts';
import { openStore } from '../../src/store/open-store.ts';
import { queryClosure } from '../../src/store/query-closure.ts';
import type { Store } from '../../src/store/store.ts';
import type { StoreSpec } from '../../src/store/store-spec.ts';
import { addPath, build, derivation, onDisk, otherStore, tempDir } from './nix-lab.ts';

/** A chain of `length` paths, each referring to the one before and to itself. */
function chain(length: number): StorePath {
  const expression = Array.from({ length }).reduce<string>(
    (before, _, index) =>
      derivation(
        `mkdir $out; echo $dep $out > $out/refs; echo ${index} > $out/number`,
        before === '' ? '' : `dep = ${before};`,
      ),
    '',
  );
  return build(expression);
}

/** The same store as `local`, but read through its daemon. */
const throughDaemon: StoreSpec = {
  type: 'command',
  name: 'by daemon',
  argv: ['nix-daemon', '--stdio', '--store', 'local'],
};

describe.each<{ how: string; spec: StoreSpec }>([
  { how: 'from disk', spec: { type: 'local' } },
  { how: 'through the daemon', spec: throughDaemon },
])('copyPaths, read $how', ({ spec }) => {
  let from: Store;
  beforeAll(async () => {
    from = await openStore(spec);
  });
  afterAll(async () => {
    await from[Symbol.asyncDispose]();
  });

  it('copies a closure, references first, and tells how it goes', async () => {
    const root = chain(6);
    const closure = await queryClosure(from, [root]);
    expect(closure.map((info) => info.path).at(-1)).toBe(root);
    expect(closure.length).toBe(6);
    const { spec: target, root: folder } = otherStore();
    await using to = await openStore(target);
    const events: ProteusEvent[] = [];
    const bytes = closure.reduce((sum, info) => sum + info.narSize, 0);
    const copied = await copyPaths({
      from,
      to,
      roots: [root],
      withoutSignatureCheck: true,
      emit: (event) => events.push(event),
    });
    expect(copied).toEqual({ paths: 6, bytes });
    expect(events[0]).toEqual({ type: 'copy.started', to: 'the other store', paths: 6, bytes });
    expect(events.at(-2)).toEqual({ type: 'copy.progress', to: 'the other store', paths: 6, bytes });
    expect(events.at(-1)).toMatchObject({ type: 'copy.done', paths: 6, bytes });
    for (const info of closure) {
      expect(Buffer.concat([...dumpPath(`${folder}${info.path}`)])).toEqual(
        Buffer.concat([...dumpPath(info.path)]),
      );
      expect(await to.queryPathInfo(info.path)).toMatchObject({
        narHash: info.narHash,
        narSize: info.narSize,
        references: info.references,
        deriver: info.deriver,
      });
    }
    execFileSync('nix-store', ['--store', `local?root=${folder}`, '--verify', '--check-contents']);
  });

  it('sends only what is missing, and nothing when nothing is', async () => {
    const first = chain(2);
    await using to = await openStore(otherStore().spec);
    const options = { from, to, withoutSignatureCheck: true };
    await copyPaths({ ...options, roots: [first] });
    const more = build(derivation(`echo $a > $out`, `a = builtins.storePath "${first}";`));
    expect((await copyPaths({ ...options, roots: [more] })).paths).toBe(1);
    const events: ProteusEvent[] = [];
    expect(await copyPaths({ ...options, roots: [more], emit: (event) => events.push(event) })).toEqual({
      paths: 0,
      bytes: 0,
    });
    expect(events).toEqual([]);
  });

  it('can be done twice at the same time', async () => {
    const root = chain(5);
    await using to = await openStore(otherStore().spec);
    const options = { from, to, roots: [root], withoutSignatureCheck: true };
    await Promise.all([copyPaths(options), copyPaths(options), copyPaths(options)]);
    expect(await to.isValidPath(root)).toBe(true);
  });

  it('needs a signature that the target trusts, and adds those it is given', async () => {
    const root = chain(1);
    const { spec: target } = otherStore();
    await using to = await openStore(target);
    await expect(copyPaths({ from, to, roots: [root] })).rejects.toMatchObject({
      code: 'store.refused',
      message: expect.stringMatching(/lacks a .*signature/),
    });
    const signature = `k-1:${Buffer.alloc(64).toString('base64')}`;
    const options = { from, to, roots: [root], withoutSignatureCheck: true };
    await copyPaths({ ...options, extraSignatures: (info) => (info.path === root ? [signature] : []) });
    expect((await to.queryPathInfo(root))?.signatures).toEqual([signature]);
  });

  it('refuses to copy what was damaged: same size, other bytes', async () => {
    const root = build(derivation('echo right > $out'));
    writeFileSync(root, 'wrong\n');
    const { spec: target, root: folder } = otherStore();
    await using to = await openStore(target);
    await expect(copyPaths({ from, to, roots: [root], withoutSignatureCheck: true })).rejects.toMatchObject({
      code: 'store.corrupt',
      message: expect.stringContaining(`${root} is damaged`),
    });
    expect(await to.isValidPath(root)).toBe(false);
    expect(onDisk(folder, root)).toBe(false);
    writeFileSync(root, 'right\n');
    await copyPaths({ from, to, roots: [root], withoutSignatureCheck: true });
  });

  it('names what the source does not have', async () => {
    await using to = await openStore(otherStore().spec);
    const nowhere = parseStorePath('/nix/store/00000000000000000000000000000000-nowhere');
    await expect(copyPaths({ from, to, roots: [nowhere] })).rejects.toMatchObject({
      code: 'store.path-missing',
      message: `${nowhere} is not valid in ${from.name}`,
    });
  });

  it('stops when it is interrupted, leaving nothing half-done, and can be run again', async () => {
    const dir = tempDir();
    writeFileSync(`${dir}/large`, Buffer.alloc(40_000_000, 'x'));
    const root = addPath(dir);
    const { spec: target, root: folder } = otherStore();
    await using to = await openStore(target);
    const stop = new AbortController();
    const options = { from, to, roots: [root], withoutSignatureCheck: true };
    const copying = copyPaths({
      ...options,
      signal: stop.signal,
      emit: (event) => event.type === 'copy.progress' && stop.abort(),
    });
    await expect(copying).rejects.toMatchObject({ code: 'interrupted' });
    expect(await to.isValidPath(root)).toBe(false);
    expect(await copyPaths(options)).toMatchObject({ paths: 1 });
    expect(readdirSync(`${folder}${root}`)).toEqual(['large']);
  });

  it('holds little of a large path in memory', async () => {
    const dir = tempDir();
    for (let i = 0; i < 3; i++) writeFileSync(`${dir}/large-${i}`, Buffer.alloc(40_000_000, String(i)));
    const root = addPath(dir);
    await using to = await openStore(otherStore().spec);
    let most = 0;
    const before = process.memoryUsage().arrayBuffers + process.memoryUsage().external;
    await copyPaths({
      from,
      to,
      roots: [root],
      withoutSignatureCheck: true,
      emit: () => {
        const now = process.memoryUsage();
        most = Math.max(most, now.arrayBuffers + now.external - before);
      },
    });
    expect(await to.isValidPath(root)).toBe(true);
    // 120 MB have passed; buffers that are not collected yet count as well.
    expect(most).toBeLessThan(80_000_000);
  });
});
