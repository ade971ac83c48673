import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StorePath } from '../../nix/store-path.ts';
import { type BuildProducts, readBuildProducts } from './read-build-products.ts';

let storeDirectory: string;
let outputs: Map<string, StorePath>;

beforeEach(async () => {
  storeDirectory = join(await mkdtemp(join(tmpdir(), 'products.')), 'store');
  outputs = new Map();
});

afterEach(() => rm(dirname(storeDirectory), { recursive: true }));

/** An output that holds these files. */
async function output(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const path = join(storeDirectory, `${'0'.repeat(32)}-thing${name === 'out' ? '' : `-${name}`}`);
  // In a store of the test's own: everything here takes the folder as an argument.
  outputs.set(name, path as StorePath);
  await mkdir(path, { recursive: true });
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(path, file)), { recursive: true });
    await writeFile(join(path, file), text.replaceAll('$out', path));
  }
  return path;
}

const read = (): Promise<BuildProducts> => readBuildProducts(outputs, { storeDirectory });

describe('products', () => {
  it('are all outputs that are folders where none is declared', async () => {
    const bin = await output('bin', { tool: 'x' });
    const out = await output('out', {});
    const file = join(storeDirectory, `${'1'.repeat(32)}-thing-file`);
    await writeFile(file, '');
    outputs.set('file', file as StorePath);

    const both = { type: 'nix-build', defaultPath: '', fileSize: null, sha256: null };
    expect((await read()).products).toEqual([
      { ...both, number: 1, subtype: '', name: 'thing', path: out },
      { ...both, number: 2, subtype: 'bin', name: 'thing-bin', path: bin },
    ]);
  });

  it('are what is declared, with size and digest of files', async () => {
    const out = await output('out', {
      'text.txt': 'Hello\n',
      'some text.txt': 'x',
      'manual/index.html': '<html>',
      'nix-support/hydra-build-products':
        'doc none $out/text.txt\ndoc none "$out/some text.txt"\ndoc manual $out/manual index.html\nnix-build out $out\n',
    });
    const { products } = await read();

    expect(products.map(({ number, name, subtype }) => [number, name, subtype])).toEqual([
      [1, 'text.txt', 'none'],
      [2, 'some text.txt', 'none'],
      [3, 'manual', 'manual'],
      [4, '', 'out'],
    ]);
    expect(products[0]).toEqual({
      number: 1,
      type: 'doc',
      subtype: 'none',
      name: 'text.txt',
      path: `${out}/text.txt`,
      defaultPath: '',
      fileSize: 6,
      sha256: createHash('sha256').update('Hello\n').digest('hex'),
    });
    expect(products[2]).toMatchObject({ defaultPath: 'index.html', fileSize: null, sha256: null });
  });

  it('leave out what is not in the store, not there, or leaves the store by a symlink', async () => {
    const out = await output('out', {
      'nix-support/hydra-build-products':
        'file a /etc/passwd\nfile b $out/nothing\nfile c $out/link\nfile d $out/../../outside\n',
    });
    await writeFile(join(dirname(storeDirectory), 'outside'), 'secret');
    await symlink('../../outside', join(out, 'link'));

    expect((await read()).products).toEqual([]);
  });

  it('are not read through a symlink out of the store', async () => {
    const out = await output('out', { 'nix-support/other': '' });
    const outside = join(dirname(storeDirectory), 'outside');
    await writeFile(outside, `nix-build out ${out}\n`);
    await symlink(outside, join(out, 'nix-support/hydra-build-products'));

    expect((await read()).products).toMatchObject([{ type: 'nix-build', subtype: '' }]);
  });

  it('are read through a symlink within the store, and keep the path that was declared', async () => {
    const dev = await output('dev', { 'list.txt': 'listed' });
    const out = await output('out', { 'nix-support/hydra-build-products': 'file txt $out/here.txt\n' });
    await symlink(join(dev, 'list.txt'), join(out, 'here.txt'));

    expect((await read()).products).toMatchObject([
      { name: 'here.txt', path: `${out}/here.txt`, fileSize: 6 },
    ]);
  });

  it('have no name where it would not do in a URL', async () => {
    await output('out', { 'a+b.txt': '', 'nix-support/hydra-build-products': 'file txt $out/a+b.txt' });

    expect((await read()).products).toMatchObject([{ name: '' }]);
  });
});

describe('the other files', () => {
  it('say metrics, release name and failure, of all outputs', async () => {
    await output('out', {
      'nix-support/hydra-metrics': 'size 1 KiB\ntime 2 s\n',
      'nix-support/hydra-release-name': 'first-1.0\n',
    });
    await output('zdoc', {
      'nix-support/hydra-metrics': 'size 3 KiB\n',
      'nix-support/hydra-release-name': 'last-1.0\n',
      'nix-support/failed': '',
    });

    expect(await read()).toMatchObject({
      failed: true,
      releaseName: 'last-1.0',
      metrics: [
        { name: 'size', value: 3, unit: 'KiB' },
        { name: 'time', value: 2, unit: 's' },
      ],
    });
  });

  it('say nothing where they are not there, or too large to be text', async () => {
    await output('out', { 'nix-support/hydra-release-name': 'x'.repeat(2 * 1024 * 1024) });

    expect(await read()).toMatchObject({ failed: false, releaseName: null, metrics: [] });
  });
});
