/** Deep clones: the history comes along, and nothing that would make them another path the next time. */

import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GitRepository, gitRepository } from './git-repository.ts';
import { type InputFixture, inputFixture } from './input-fixture.ts';

let fixture: InputFixture;
let repository: GitRepository;
let path: string;

function git(...args: string[]): string {
  return execFileSync('git', ['-c', 'safe.directory=*', '-C', path, ...args], { encoding: 'utf8' }).trim();
}

beforeAll(async () => {
  fixture = await inputFixture();
  repository = gitRepository(join(fixture.folder, 'repository'));
  repository.commit({ a: '1' });
  repository.git('tag', '-a', 'v1', '-m', 'one');
  repository.commit({ a: '2' });
  repository.git('branch', 'older');
  repository.commit({ b: '3' });
  repository.git('tag', 'unrelated', repository.git('commit-tree', '-m', 'x', 'HEAD^{tree}'));
  path = (await fixture.fetchPath('git', `${repository.folder} older deepClone`)).storePath;
});
afterAll(() => fixture[Symbol.asyncDispose]());

describe('a deep clone', () => {
  it('can be asked by git what it is', () => {
    expect(git('describe')).toMatch(/^v1-1-g/);
    expect(git('rev-list', '--count', 'HEAD')).toBe('2');
    expect(git('status', '--porcelain')).toBe('');
    expect(git('fsck')).toBe('');
  });

  it('has what belongs to the commit, and nothing else', () => {
    expect(git('for-each-ref', '--format=%(refname)').split('\n')).toEqual([
      'refs/heads/fetchgit',
      'refs/tags/v1',
    ]);
    expect(git('config', '--local', '--list')).not.toContain(repository.folder);
    expect(existsSync(`${path}/.git/hooks`)).toBe(false);
    // Reflogs hold the time of the fetch, which would make it another path each second.
    expect(existsSync(`${path}/.git/logs`)).toBe(false);
  });

  it('is the same path when it is made anew', async () => {
    rmSync(join(fixture.deps.cacheDirectory, 'git'), { recursive: true });

    expect((await fixture.fetchPath('git', `${repository.folder} older deepClone`)).storePath).toBe(path);
  });

  it('is another path than the plain checkout of the same commit', async () => {
    const plain = await fixture.fetchPath('git', `${repository.folder} older`);

    expect(plain.storePath).not.toBe(path);
    expect(existsSync(`${plain.storePath}/.git`)).toBe(false);
  });
});
