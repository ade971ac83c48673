/** Submodules, which come along as Hydra's nix-prefetch-git takes them: those of the repository itself. */

import { existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type GitRepository, gitRepository } from './git-repository.ts';
import { type InputFixture, inputFixture } from './input-fixture.ts';

let fixture: InputFixture;
let outer: GitRepository;
let inner: GitRepository;
let innermost: GitRepository;
let folder: string;
let count = 0;

beforeAll(async () => {
  fixture = await inputFixture();
});
afterAll(() => fixture[Symbol.asyncDispose]());
beforeEach(() => {
  folder = join(fixture.folder, `group-${++count}`);
  innermost = gitRepository(join(folder, 'innermost'));
  innermost.commit({ file: 'innermost' });
  inner = gitRepository(join(folder, 'inner'));
  inner.commit({ file: 'inner' });
  addSubmodule(inner, innermost.folder, 'deeper');
  outer = gitRepository(join(folder, 'outer'));
  outer.commit({ file: 'outer' });
});

function addSubmodule(repository: GitRepository, url: string, path: string): void {
  repository.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', '--', url, path);
  repository.commit({});
}

describe('submodules', () => {
  it.each([
    ['a relative address', () => '../inner'],
    ['an address of its own', () => inner.folder],
  ])('are checked out from %s', async (_, url) => {
    addSubmodule(outer, url(), 'lib/inner');

    const { storePath } = await fixture.fetchPath('git', outer.folder);

    expect(readFileSync(`${storePath}/lib/inner/file`, 'utf8')).toBe('inner');
    expect(readdirSync(`${storePath}/lib/inner/deeper`)).toEqual([]);
    expect(readdirSync(storePath, { recursive: true })).not.toContain('.git');
  });

  it('are left out, or taken all the way down, when that is asked for', async () => {
    addSubmodule(outer, '../inner', 'lib');

    const without = await fixture.fetchPath('git', `${outer.folder} main submodules=no`);
    const all = await fixture.fetchPath('git', `${outer.folder} main submodules=recursive`);

    expect(readdirSync(`${without.storePath}/lib`)).toEqual([]);
    expect(readFileSync(`${all.storePath}/lib/deeper/file`, 'utf8')).toBe('innermost');
  });

  it('are those of the commit, not the newest', async () => {
    addSubmodule(outer, '../inner', 'lib');
    inner.commit({ file: 'newer' });

    const { storePath } = await fixture.fetchPath('git', outer.folder);

    expect(readFileSync(`${storePath}/lib/file`, 'utf8')).toBe('inner');
  });

  it('come from where the address says now, and are told when they fail', async () => {
    addSubmodule(outer, '../inner', 'lib');
    outer.git('config', '--file', '.gitmodules', 'submodule.lib.url', '../nowhere');
    outer.commit({});

    await expect(fixture.fetch('git', outer.folder)).rejects.toMatchObject({
      code: 'input.fetch',
      message: expect.stringMatching(/^submodule lib: cannot fetch revision [0-9a-f]{40} of .*\/nowhere: /),
    });
  });

  it('are left empty without an address, and where they are turned off', async () => {
    addSubmodule(outer, '../inner', 'off');
    addSubmodule(outer, '../inner', 'stray');
    outer.git('config', '--file', '.gitmodules', 'submodule.off.update', 'none');
    outer.git('config', '--file', '.gitmodules', '--remove-section', 'submodule.stray');
    outer.commit({});

    const { storePath } = await fixture.fetchPath('git', outer.folder);

    expect(readdirSync(`${storePath}/off`)).toEqual([]);
    expect(readdirSync(`${storePath}/stray`)).toEqual([]);
  });

  it.each(['ext::sh -c "touch /nix/var/evil"', '-u./evil', 'ftp://example.org/x'])(
    'are refused when their address is %s',
    async (url) => {
      addSubmodule(outer, '../inner', 'lib');
      outer.git('config', '--file', '.gitmodules', 'submodule.lib.url', url);
      outer.commit({});

      await expect(fixture.fetch('git', outer.folder)).rejects.toMatchObject({
        code: 'input.fetch',
        message: expect.stringMatching(/^submodule lib: wanted the address of a git repository/),
      });
      expect(existsSync('/nix/var/evil')).toBe(false);
    },
  );

  it('cannot be put where a symlink of another submodule leads', async () => {
    symlinkSync(folder, join(inner.folder, 'b'));
    inner.commit({});
    addSubmodule(outer, '../inner', 'a');
    outer.git('config', '--file', '.gitmodules', 'submodule.b.path', 'a/b');
    outer.git('config', '--file', '.gitmodules', 'submodule.b.url', '../innermost');
    outer.commit({});
    // A tree with a submodule `a` and a folder `a` that has one as well: no honest git makes it.
    const below = outer.gitWith(
      `160000 commit ${innermost.git('rev-parse', 'HEAD')}\tb\n`,
      'mktree',
      '--missing',
    );
    const entries = [
      `100644 blob ${outer.git('rev-parse', 'HEAD:.gitmodules')}\t.gitmodules`,
      `160000 commit ${inner.git('rev-parse', 'HEAD')}\ta`,
      `040000 tree ${below}\ta`,
    ];
    const tree = outer.gitWith(`${entries.join('\n')}\n`, 'mktree', '--missing');
    outer.git('update-ref', 'refs/heads/evil', outer.git('commit-tree', tree, '-m', 'evil'));

    await expect(fixture.fetch('git', `${outer.folder} evil`)).rejects.toMatchObject({
      code: 'input.fetch',
      message: 'submodule a/b: its place is not a folder of the repository',
    });
    expect(existsSync(join(folder, 'file'))).toBe(false);
  });

  it('may name each other', async () => {
    const other = gitRepository(join(folder, 'other'));
    other.commit({ file: 'other' });
    addSubmodule(outer, '../other', 'other');
    addSubmodule(other, '../outer', 'outer');

    const both = await Promise.all([
      fixture.fetchPath('git', `${outer.folder} main submodules=recursive`),
      fixture.fetchPath('git', `${other.folder} main submodules=recursive`),
    ]);

    expect(readFileSync(`${both[0].storePath}/other/file`, 'utf8')).toBe('other');
    expect(readFileSync(`${both[1].storePath}/outer/other/file`, 'utf8')).toBe('other');
  });
});
