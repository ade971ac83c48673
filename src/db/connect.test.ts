import { describe, expect, it } from 'vitest';
import { parseDatabaseUrl } from './connect.ts';

describe('parseDatabaseUrl', () => {
  it.each([
    ['postgres://alice@host:5433/proteus', 'postgres'],
    ['postgresql:///proteus?host=/run/postgresql', 'postgres'],
  ])('takes %s for a server', (url, dialect) => {
    expect(parseDatabaseUrl(url)).toEqual({ dialect, url });
  });

  it.each([
    ['/var/lib/proteus/proteus.sqlite', '/var/lib/proteus/proteus.sqlite'],
    ['proteus.sqlite', 'proteus.sqlite'],
    ['./a:b', './a:b'],
    ['sqlite:/var/x', '/var/x'],
    ['sqlite:///var/x', '/var/x'],
    ['sqlite:x', 'x'],
  ])('takes %s for a file', (url, file) => {
    expect(parseDatabaseUrl(url)).toEqual({ dialect: 'sqlite', file });
  });

  it.each([
    ['', "''"],
    ['sqlite:', "'sqlite:'"],
    ['mysql://bob:secret@host/x', "'mysql://bob@host/x'"],
    ['http://host', "'http://host'"],
  ])('refuses %s', (url, named) => {
    expect(() => parseDatabaseUrl(url)).toThrow(
      expect.objectContaining({
        code: 'db.invalid',
        message: `wanted the address of a database, got ${named}`,
        hint: 'Use postgres://user@host/name, sqlite:/path/to/file, or the path of a file.',
      }),
    );
  });
});
