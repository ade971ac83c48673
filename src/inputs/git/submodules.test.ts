import { describe, expect, it } from 'vitest';
import { parseGitmodules, parseTree } from './submodules.ts';

describe('parseGitmodules', () => {
  it('puts together what is said of each, whatever is in its name', () => {
    const text = [
      'submodule.a.b.path\nlib/a',
      'submodule.a.b.url\n../a',
      'submodule.c.url\nhttps://example.org/c',
      'submodule.c.path\nc',
      'submodule.c.path\nlast',
      'submodule.c.update\nnone',
      'submodule.c.branch\nmain',
      'core.bare\ntrue',
      '',
    ].join('\0');

    expect(parseGitmodules(text)).toEqual([
      { path: 'lib/a', url: '../a' },
      { path: 'last', url: 'https://example.org/c', update: 'none' },
    ]);
  });
});

describe('parseTree', () => {
  it('has commits only', () => {
    const hash = 'a'.repeat(40);
    const text = [
      `160000 commit ${hash}\tlib/a b\n`,
      `100644 blob ${hash}\tfile`,
      `040000 tree ${hash}\tdir`,
      '',
    ].join('\0');

    expect([...parseTree(text)]).toEqual([['lib/a b\n', hash]]);
  });
});
