/**
 * Mercurial, Subversion, Bazaar and Darcs, each where its program is installed (`scripts/ensure vcs`): new commits give
 * another path, and what is unchanged the same one.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isOnPath } from '../../src/process/start-process.ts';
import { type InputFixture, inputFixture } from './input-fixture.ts';

let fixture: InputFixture;
beforeAll(async () => {
  fixture = await inputFixture();
});
afterAll(() => fixture[Symbol.asyncDispose]());

interface Kind {
  readonly type: string;
  readonly program: string;
  /** Makes an empty repository, and a working copy of it at `copy`. */
  readonly create: (repository: string, copy: string) => readonly (readonly [string, ...string[]])[];
  /** In the working copy. */
  readonly commit: readonly (readonly [string, ...string[]])[];
  /** Where the program keeps its own files in a checkout. */
  readonly dot: string;
  readonly keepsDot?: boolean;
  readonly revision: RegExp;
  /** After the second commit. */
  readonly attributes: object;
}

const env = {
  ...process.env,
  HGUSER: 'a',
  BRZ_EMAIL: 'A <a@example.org>',
  DARCS_EMAIL: 'a',
  LC_ALL: 'C.UTF-8',
};
const svn = {
  program: 'svn',
  create: (repository, copy) => [
    ['svnadmin', 'create', repository],
    ['svn', 'checkout', '-q', `file://${repository}`, copy],
  ],
  commit: [
    ['svn', 'add', '-q', '--force', '.'],
    ['svn', 'commit', '-q', '-m', 'change'],
  ],
  dot: '.svn',
  revision: /^2$/,
  attributes: { rev: 2 },
} as const satisfies Omit<Kind, 'type'>;
const bzr = {
  program: 'brz',
  create: (repository, copy) => [
    ['brz', 'init', '-q', repository],
    ['brz', 'checkout', '-q', repository, copy],
  ],
  commit: [
    ['brz', 'add', '-q'],
    ['brz', 'commit', '-q', '-m', 'change'],
  ],
  dot: '.bzr',
  revision: /^2$/,
  attributes: { rev: '2' },
} as const satisfies Omit<Kind, 'type'>;

const kinds: readonly Kind[] = [
  {
    type: 'hg',
    program: 'hg',
    create: (repository, copy) => [
      ['hg', 'init', repository],
      ['ln', '-s', repository, copy],
    ],
    commit: [['hg', 'commit', '-q', '-A', '-m', 'change']],
    dot: '.hg',
    revision: /^[0-9a-f]{40}$/,
    attributes: { revCount: 1 },
  },
  { type: 'svn', ...svn },
  { type: 'svn-checkout', ...svn, keepsDot: true },
  { type: 'bzr', ...bzr },
  { type: 'bzr-checkout', ...bzr, keepsDot: true },
  {
    type: 'darcs',
    program: 'darcs',
    create: (repository, copy) => [
      ['darcs', 'init', '-q', repository],
      ['ln', '-s', repository, copy],
    ],
    commit: [['darcs', 'record', '-q', '-a', '-l', '-m', 'change']],
    dot: '_darcs',
    revision: /^[0-9a-f]{40}$/,
    attributes: { revCount: 2 },
  },
];

describe.each(kinds)('a $type input', (kind) => {
  const installed = isOnPath(kind.program);

  function commit(copy: string, text: string): void {
    writeFileSync(join(copy, 'file'), text);
    for (const [program, ...args] of kind.commit)
      execFileSync(program, args, { cwd: copy, env, stdio: 'pipe' });
  }

  it.skipIf(!installed)('follows commits, and gives the same path for the same revision', async () => {
    const repository = join(fixture.folder, kind.type);
    const copy = `${repository}-copy`;
    for (const [program, ...args] of kind.create(repository, copy))
      execFileSync(program, args, { env, stdio: 'pipe' });
    commit(copy, 'first');
    const first = await fixture.fetchPath(kind.type, repository);
    const again = await fixture.fetchPath(kind.type, repository);
    commit(copy, 'second, longer');
    const second = await fixture.fetchPath(kind.type, `file://${repository}`);

    expect(again).toEqual(first);
    expect(readFileSync(`${first.storePath}/file`, 'utf8')).toBe('first');
    expect(readFileSync(`${second.storePath}/file`, 'utf8')).toBe('second, longer');
    expect(second.input.revision).toMatch(kind.revision);
    expect(second.attributes).toMatchObject({ uri: `file://${repository}`, ...kind.attributes });
    expect(existsSync(`${second.storePath}/${kind.dot}`)).toBe(kind.keepsDot === true);
  });

  it.skipIf(!installed)('says what the program says of a repository that is not there', async () => {
    mkdirSync(join(fixture.folder, 'empty'), { recursive: true });

    await expect(fixture.fetch(kind.type, join(fixture.folder, 'empty'))).rejects.toMatchObject({
      code: 'input.fetch',
      message: expect.stringMatching(/^cannot fetch .*\/empty: ./),
    });
  });
});

describe('older revisions', () => {
  it.skipIf(!isOnPath('hg'))('of Mercurial are found by branch, tag and hash', async () => {
    const repository = join(fixture.folder, 'branches');
    const hg = (...args: string[]): string =>
      execFileSync('hg', ['-R', repository, ...args], { env, encoding: 'utf8', stdio: 'pipe' });
    execFileSync('hg', ['init', repository]);
    writeFileSync(join(repository, 'a'), '1');
    hg('commit', '-q', '-A', '-m', '1');
    const first = hg('log', '-r', '.', '-T', '{node}');
    hg('branch', '-q', 'stable-1.0');
    writeFileSync(join(repository, 'a'), '2');
    hg('commit', '-q', '-m', '2');
    const second = hg('log', '-r', '.', '-T', '{node}');

    expect((await fixture.fetch('hg', repository)).revision).toBe(first);
    expect((await fixture.fetch('hg', `${repository} stable-1.0`)).revision).toBe(second);
    expect((await fixture.fetch('hg', `${repository} ${first.slice(0, 12)}`)).revision).toBe(first);
    await expect(fixture.fetch('hg', `${repository} nowhere`)).rejects.toThrow(
      `cannot find nowhere in ${repository}`,
    );
  });

  it.skipIf(!isOnPath('svn'))('of Subversion are found by their number', async () => {
    const repository = join(fixture.folder, 'svn-old');
    const copy = `${repository}-copy`;
    for (const [program, ...args] of svn.create(repository, copy))
      execFileSync(program, args, { stdio: 'pipe' });
    for (const text of ['first', 'second, longer']) {
      writeFileSync(join(copy, 'file'), text);
      for (const [program, ...args] of svn.commit) execFileSync(program, args, { cwd: copy, stdio: 'pipe' });
    }

    const { storePath, attributes } = await fixture.fetchPath('svn', `file://${repository} 1`);

    expect(attributes.rev).toBe(1);
    expect(readFileSync(`${storePath}/file`, 'utf8')).toBe('first');
  });
});
