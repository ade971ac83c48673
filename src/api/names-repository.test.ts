import { describe, expect, it } from 'vitest';
import { namesRepository } from './names-repository.ts';

describe('namesRepository', () => {
  it.each([
    'https://github.com/Owner/Repo',
    'https://github.com/owner/repo.git',
    'https://github.com/owner/repo.git main deepClone',
    'https://user@github.com/owner/repo/',
    'git://github.com/owner/repo',
    'git@github.com:owner/repo.git',
    'ssh://git@github.com/owner/repo.git',
    'ssh://git@github.com:22/owner/repo.git',
    'github:owner/repo',
    'github:owner/repo/some/branch',
    'git+https://github.com/owner/repo?ref=main',
    'git+ssh://git@github.com/owner/repo.git?rev=abc#x',
  ])('knows %s', (address) => {
    expect(namesRepository(address, 'github.com/Owner/Repo')).toBe(true);
  });

  it.each([
    'https://github.com/owner/repo-2.git',
    'https://github.com/other/owner/repo',
    'https://github.com.evil.example/owner/repo',
    'https://example.org/github.com/owner/repo',
    'github:owner/repo2/branch',
    'gitlab:owner/repo',
    'owner/repo',
    '',
    'main https://github.com/owner/repo',
  ])('does not take %j for it', (address) => {
    expect(namesRepository(address, 'github.com/owner/repo')).toBe(false);
  });

  it('compares addresses of other hosts, too', () => {
    expect(namesRepository('ssh://git@git.example.org:2222/a/b.git', 'https://git.example.org/a/b.git')).toBe(
      true,
    );
    expect(namesRepository('http://localhost:3000/a/b', 'http://localhost:3000/a/b.git')).toBe(true);
    expect(namesRepository('https://git.example.org/a/c', 'https://git.example.org/a/b.git')).toBe(false);
  });
});
