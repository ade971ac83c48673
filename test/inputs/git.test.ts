/** Git inputs from real repositories: what is fetched, and what is not fetched again. */

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import { type GitRepository, gitRepository } from './git-repository.ts';
import { type InputFixture, inputFixture } from './input-fixture.ts';

let fixture: InputFixture;
let repository: GitRepository;
let count = 0;

beforeAll(async () => {
  fixture = await inputFixture();
});
afterAll(() => fixture[Symbol.asyncDispose]());
beforeEach(() => {
  repository = gitRepository(join(fixture.folder, `repository-${++count}`));
});

/** What Nix says of a clone without `.git`: the path that nix-prefetch-git gives. */
function addedByNix(folder: string): string {
  const clone = join(fixture.folder, 'clone', 'source');
  rmSync(clone, { recursive: true, force: true });
  execFileSync('git', ['clone', '--quiet', folder, clone], { stdio: 'pipe' });
  rmSync(join(clone, '.git'), { recursive: true });
  return execFileSync('nix-store', ['--add-fixed', '--recursive', 'sha256', clone], {
    encoding: 'utf8',
  }).trim();
}

describe('a git input', () => {
  it('gives the default branch as nix-prefetch-git would, with what is known of the commit', async () => {
    repository.commit({ a: 'first' });
    repository.git('tag', '-a', 'v1', '-m', 'one');
    const rev = repository.commit({ a: 'second', 'b/c': 'new' });

    const { storePath, attributes, input } = await fixture.fetchPath('git', repository.folder);

    expect(storePath).toBe(addedByNix(repository.folder));
    const shortRev = rev.slice(0, 7);
    expect(attributes).toEqual({
      uri: repository.folder,
      rev,
      revCount: 2,
      gitTag: `v1-1-g${shortRev}`,
      shortRev,
    });
    expect(input).toMatchObject({
      name: 'src',
      type: 'git',
      uri: repository.folder,
      revision: rev,
      dependency: null,
    });
    expect((await fixture.deps.store.queryPathInfo(storePath))?.narHash).toBe(input.sha256);
    expect(fixture.kept).toContain(storePath);
  });

  it('follows new commits, and a branch that was forced', async () => {
    const first = repository.commit({ a: '1' });
    const revisions = [(await fixture.fetchPath('git', `${repository.folder} main`)).attributes.rev];
    const second = repository.commit({ a: '2' });
    revisions.push((await fixture.fetchPath('git', `${repository.folder} main`)).attributes.rev);
    const amended = repository.commit({ a: '3' }, '--amend');
    const last = await fixture.fetchPath('git', `${repository.folder} main`);

    expect([...revisions, last.attributes.rev]).toEqual([first, second, amended]);
    expect(last.attributes.revCount).toBe(2);
    expect(readFileSync(`${last.storePath}/a`, 'utf8')).toBe('3');
  });

  it('takes a branch, a tag, a commit by its hash, or a whole ref', async () => {
    const first = repository.commit({ a: '1' });
    repository.git('tag', 'light');
    repository.git('tag', '-a', 'annotated', '-m', 'x');
    repository.git('branch', 'feature/x');
    const second = repository.commit({ a: '2' });
    repository.git('update-ref', 'refs/pull/1/head', second);

    for (const ref of ['light', 'annotated', 'feature/x', first]) {
      const { attributes } = await fixture.fetchPath('git', `${repository.folder} ${ref}`);
      expect(attributes).toMatchObject({ rev: first, revCount: 1 });
    }
    const pull = await fixture.fetchPath('git', `${repository.folder} refs/pull/1/head`);
    expect(pull.attributes.rev).toBe(second);
  });

  it('takes a commit that is on no branch any more, as long as somebody has it', async () => {
    const lost = repository.commit({ a: '1' });
    repository.commit({ a: '2' }, '--amend');

    expect((await fixture.fetchPath('git', `${repository.folder} ${lost}`)).attributes.rev).toBe(lost);

    rmSync(repository.folder, { recursive: true });
    expect((await fixture.fetchPath('git', `${repository.folder} ${lost}`)).attributes.rev).toBe(lost);
  });

  it('says so when nobody has the commit', async () => {
    repository.commit({ a: '1' });
    const nobodys = '0123456789abcdef0123456789abcdef01234567';

    await expect(fixture.fetch('git', `${repository.folder} ${nobodys}`)).rejects.toMatchObject({
      code: 'input.fetch',
      message: `${repository.folder} has no commit ${nobodys}`,
    });
  });

  it('keeps tags with odd names, through a clean-up', async () => {
    repository.commit({ a: '1' });
    repository.git('tag', '-a', 'v1.keep', '-m', 'one');
    await fixture.fetch('git', repository.folder);

    expect((await fixture.fetchPath('git', repository.folder)).attributes.gitTag).toBe('v1.keep');
  });

  it('follows a branch that makes way for one below its name', async () => {
    repository.commit({ a: '1' });
    repository.git('branch', 'x');
    await fixture.fetchPath('git', `${repository.folder} x`);
    repository.git('branch', '-D', 'x');
    repository.git('branch', 'x/y');

    await fixture.fetchPath('git', `${repository.folder} x/y`);

    await expect(fixture.fetch('git', `${repository.folder} x`)).rejects.toMatchObject({
      code: 'input.fetch',
      message: `${repository.folder} has no branch or tag x`,
    });
  });

  it('takes the fallback where there is no default branch, and says so where there is none', async () => {
    repository.commit({ a: '1' });
    repository.git('symbolic-ref', 'HEAD', 'refs/heads/elsewhere');

    await expect(fixture.fetch('git', repository.folder)).rejects.toMatchObject({
      message: `${repository.folder} has no default branch`,
      hint: expect.stringContaining('Name a branch'),
    });
    const { attributes } = await fixture.fetchPath('git', `${repository.folder} fallback_branch=main`);
    expect(attributes.revCount).toBe(1);
  });

  it.each([
    [
      'a repository that is not there',
      '/nowhere/at/all',
      /cannot fetch the default branch of \/nowhere\/at\/all: .*does not appear to be a git repository/,
    ],
    [
      'a server that is not there',
      'http://127.0.0.1:9/x main',
      /cannot fetch branch or tag main of http:\/\/127.0.0.1:9\/x: .*Failed to connect/,
    ],
  ])('says what git says of %s', async (_, value, message) => {
    await expect(fixture.fetch('git', value)).rejects.toMatchObject({
      code: 'input.fetch',
      message: expect.stringMatching(message),
    });
  });

  it('keeps files as they are: programs, symlinks, line ends, names that are not UTF-8', async () => {
    repository.write('run', '#!/bin/sh\n');
    chmodSync(join(repository.folder, 'run'), 0o755);
    symlinkSync('../elsewhere', join(repository.folder, 'link'));
    writeFileSync(Buffer.concat([Buffer.from(`${repository.folder}/`), Buffer.from([0x80, 0xff])]), 'odd');
    repository.commit({ crlf: 'a\r\nb\r\n' });

    const { storePath } = await fixture.fetchPath('git', repository.folder);

    expect(storePath).toBe(addedByNix(repository.folder));
    expect(readlinkSync(`${storePath}/link`)).toBe('../elsewhere');
    expect(readFileSync(`${storePath}/crlf`, 'utf8')).toBe('a\r\nb\r\n');
    expect(readdirSync(storePath, { encoding: 'buffer' })).toContainEqual(Buffer.from([0x80, 0xff]));
  });

  it('fetches from a repository of another user', async () => {
    repository.commit({ a: '1' });
    execFileSync('chown', ['-R', '1234:1234', repository.folder]);

    expect((await fixture.fetchPath('git', repository.folder)).attributes.revCount).toBe(1);
  });
});

describe('what was fetched before', () => {
  /** A PATH on which git tells what it is asked to do. */
  function spied(): { env: Record<string, string | undefined>; commands: () => string[] } {
    const bin = join(fixture.folder, `bin-${count}`);
    const log = `${bin}.log`;
    const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
    execFileSync('mkdir', ['-p', bin]);
    writeFileSync(join(bin, 'git'), `#!/bin/sh\necho "$*" >> ${log}\nexec ${real} "$@"\n`, { mode: 0o755 });
    return {
      env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
      commands: () => (existsSync(log) ? readFileSync(log, 'utf8').split('\n') : []),
    };
  }
  const checkouts = (commands: readonly string[]): number =>
    commands.filter((command) => command.includes('read-tree')).length;

  it('is not checked out again while it is in the store', async () => {
    repository.commit({ a: '1' });
    const { env, commands } = spied();

    const first = await fixture.fetchPath('git', repository.folder, { env });
    const again = await fixture.fetchPath('git', `${repository.folder} main`, { env });

    expect(again).toEqual(first);
    expect(checkouts(commands())).toBe(1);
  });

  it('is checked out again when it is not, and gives the same path', async () => {
    const rev = repository.commit({ a: 'collected' });
    // Connections keep what was added over them.
    const first = await (async () => {
      await using store = await openStore({ type: 'local' });
      return await fixture.fetchPath('git', repository.folder, { store, keep: async () => {} });
    })();
    await fixture.deps.store.collectGarbage({ action: 'delete-specific', paths: [first.storePath] });
    expect(existsSync(first.storePath)).toBe(false);

    const again = await fixture.fetchPath('git', repository.folder);

    expect(again.storePath).toBe(first.storePath);
    expect(again.attributes.rev).toBe(rev);
    expect(existsSync(`${first.storePath}/a`)).toBe(true);
  });

  it('is looked at once when several want it at the same time', async () => {
    repository.commit({ a: '1' });
    const { env, commands } = spied();

    const all = await Promise.all(
      Array.from({ length: 4 }, () => fixture.fetchPath('git', repository.folder, { env })),
    );

    expect(new Set(all.map(({ storePath }) => storePath)).size).toBe(1);
    expect(checkouts(commands())).toBe(1);
  });

  it('is survived when a fetch was killed half way', async () => {
    repository.commit({ a: '1' });
    await fixture.fetchPath('git', repository.folder);
    repository.commit({ a: '2' });
    const cache = join(fixture.deps.cacheDirectory, 'git');
    for (const name of readdirSync(cache, { recursive: true, encoding: 'utf8' })) {
      if (/refs\/fetched\/|\.git\/HEAD$/.test(name)) writeFileSync(join(cache, `${name}.lock`), '');
      if (name.endsWith('objects/pack')) writeFileSync(join(cache, name, 'tmp_pack_x'), 'half');
    }

    expect((await fixture.fetchPath('git', repository.folder)).attributes.revCount).toBe(2);

    const left = readdirSync(cache, { recursive: true, encoding: 'utf8' });
    expect(left.filter((name) => name.includes('.work'))).toEqual([]);
  });

  it.each<[string, RegExp, (content: Buffer) => Buffer]>([
    ['its packs are cut off', /\.pack$/, () => Buffer.from('damaged')],
    [
      'its packs have other bytes in them',
      /\.pack$/,
      (content) => content.fill(0x55, 20, content.length - 20),
    ],
    ['its configuration is nonsense', /\.git\/config$/, () => Buffer.from('[nonsense')],
    ['its HEAD is nonsense', /\.git\/HEAD$/, () => Buffer.from('nonsense')],
    ['its refs are nonsense', /\.git\/refs\/fetched\/./, () => Buffer.from('nonsense\n')],
  ])('is fetched anew when %s', async (_, files, damage) => {
    repository.commit({ a: '1', b: 'x'.repeat(2000) });
    const cacheDirectory = join(fixture.folder, `cache-${count}`);
    await fixture.fetchPath('git', repository.folder, { cacheDirectory });
    repository.commit({ a: '2' });
    for (const name of readdirSync(cacheDirectory, { recursive: true, encoding: 'utf8' })) {
      if (!files.test(name)) continue;
      const file = join(cacheDirectory, name);
      chmodSync(file, 0o600);
      writeFileSync(file, damage(readFileSync(file)));
    }

    const { storePath, attributes } = await fixture.fetchPath('git', repository.folder, { cacheDirectory });
    expect(attributes.revCount).toBe(2);
    expect(readFileSync(`${storePath}/a`, 'utf8')).toBe('2');
  });
});
