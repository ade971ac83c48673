import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { gitCheckout } from '../../src/cli/up/git-checkout.ts';
import { git, makeRepository } from '../helpers/git-repository.ts';
import { makeFolder } from '../helpers/write-network.ts';

const options = { signal: new AbortController().signal, env: process.env };

let folder: string;
beforeEach(async () => {
  folder = await makeFolder();
});

describe('gitCheckout', () => {
  it('says folder, branch and path, and what is not committed', async () => {
    await mkdir(path.join(folder, 'ops'));
    await writeFile(path.join(folder, 'ops/network.nix'), '{ }');
    await writeFile(path.join(folder, 'a b'), '1');
    await makeRepository(folder, 'release');
    await writeFile(path.join(folder, 'a b'), '2');
    await writeFile(path.join(folder, 'ops/new.nix'), '{ }');

    expect(await gitCheckout(path.join(folder, 'ops/network.nix'), options)).toEqual({
      folder,
      branch: 'release',
      file: 'ops/network.nix',
      uncommitted: ['a b', 'ops/new.nix'],
    });
  });

  it.each<[string, (file: string) => Promise<unknown>, string]>([
    ['no file', async () => {}, 'there is no network file'],
    ['no repository', (file) => writeFile(file, '{ }'), 'does not lie in a git checkout'],
    [
      'a file that is not committed',
      async (file) => {
        await writeFile(path.join(folder, 'other'), '');
        await makeRepository(folder);
        await writeFile(file, '{ }');
      },
      'network.nix is not committed on the branch main',
    ],
    [
      'a repository without a commit',
      async (file) => {
        await writeFile(file, '{ }');
        await git(folder, 'init', '--quiet', '--initial-branch=main');
      },
      'network.nix is not committed on the branch main',
    ],
    [
      'no branch',
      async (file) => {
        await writeFile(file, '{ }');
        await makeRepository(folder);
        await git(folder, 'checkout', '--quiet', '--detach');
      },
      'has no branch checked out',
    ],
  ])('refuses %s in words', async (_, prepare, message) => {
    const file = path.join(folder, 'network.nix');
    await prepare(file);

    await expect(gitCheckout(file, options)).rejects.toMatchObject({
      code: 'up.checkout',
      message: expect.stringContaining(message),
    });
  });
});
