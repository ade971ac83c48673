import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { gitCheckout } from '../../src/cli/up/git-checkout.ts';
import { makeFolder } from '../helpers/write-network.ts';
import { gitRepository } from '../inputs/git-repository.ts';

const options = { signal: new AbortController().signal, env: process.env };

let folder: string;
beforeEach(async () => {
  folder = await makeFolder();
});

describe('gitCheckout', () => {
  it('says folder, branch and path, and what is not committed', async () => {
    const repository = gitRepository(folder);
    repository.commit({ 'ops/network.nix': '{ }', 'a b': '1' });
    repository.git('switch', '--quiet', '--create', 'release');
    repository.write('a b', '2');
    repository.write('ops/new.nix', '{ }');

    expect(await gitCheckout(path.join(folder, 'ops/network.nix'), options)).toEqual({
      folder,
      branch: 'release',
      file: 'ops/network.nix',
      uncommitted: ['a b', 'ops/new.nix'],
    });
  });

  it.each<[string, (file: string) => unknown, string]>([
    ['no file', () => {}, 'there is no network file'],
    ['no repository', (file) => writeFile(file, '{ }'), 'does not lie in a git checkout'],
    [
      'a file that is not committed',
      (file) => {
        gitRepository(folder).commit({ other: '' });
        return writeFile(file, '{ }');
      },
      'network.nix is not committed on the branch main',
    ],
    [
      'a repository without a commit',
      () => gitRepository(folder).write('network.nix', '{ }'),
      'network.nix is not committed on the branch main',
    ],
    [
      'no branch',
      () => {
        const repository = gitRepository(folder);
        repository.commit({ 'network.nix': '{ }' });
        repository.git('checkout', '--quiet', '--detach');
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
