import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findLogin } from './find-login.ts';
import type { NixSettings } from './nix-settings.ts';

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'netrc-'));
  file = path.join(folder, 'netrc');
  writeFileSync(file, 'machine ci.example.org login x password sesame\n');
  chmodSync(file, 0o600);
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Only what is looked at. */
const effective = () => ({ 'netrc-file': file }) as unknown as NixSettings;
const noDaemon = () => ({ effective: effective(), daemon: undefined });
function daemon(status: string, root?: string) {
  mkdirSync(path.join(folder, 'proc/7'), { recursive: true });
  writeFileSync(path.join(folder, 'proc/7/status'), status);
  if (root !== undefined) symlinkSync(root, path.join(folder, 'proc/7/root'));
  const process = { pid: 7, startedAt: 0, env: undefined };
  return { effective: effective(), daemon: { process, trusted: false, changedSince: undefined } };
}
const proc = () => path.join(folder, 'proc');

describe('findLogin', () => {
  it('is what the file has for the host', async () => {
    const sent = `Basic ${Buffer.from('x:sesame').toString('base64')}`;
    expect(await findLogin('https://ci.example.org/c/team', noDaemon())).toEqual({
      ...{ file, state: 'entry', authorization: sent, checks: [] },
    });
    expect(await findLogin('https://other.example.org', noDaemon())).toMatchObject({ state: 'none' });
    expect(await findLogin('https://me:x@ci.example.org', noDaemon())).toMatchObject({
      ...{ state: 'none', authorization: undefined },
    });
  });

  it('is none where there is no file', async () => {
    rmSync(file);
    expect(await findLogin('https://ci.example.org', noDaemon())).toMatchObject({ state: 'missing', file });
  });

  it('is nothing of a daemon that may not read the file', async () => {
    const seen = await findLogin('https://ci.example.org', daemon('Uid:\t9 9 9 9\nGid:\t9 9 9 9\n'), proc());
    expect(seen.checks).toMatchObject([{ name: 'netrc', status: 'problem' }]);
    expect(seen.checks[0]?.detail).toContain('it runs as user 9, who may not read');
    expect(JSON.stringify(seen.checks)).not.toContain('sesame');
  });

  it('is nothing of a daemon that does not see the file', async () => {
    const empty = path.join(folder, 'empty');
    mkdirSync(empty);
    const seen = await findLogin('https://ci.example.org', daemon('Uid:\t0 0 0 0\n', empty), proc());
    expect(seen.checks[0]?.detail).toContain('it is not there where the daemon looks');
  });

  it('is well with a daemon that is root and sees it', async () => {
    const seen = await findLogin('https://ci.example.org', daemon('Uid:\t0 0 0 0\n', '/'), proc());
    expect(seen).toMatchObject({ state: 'entry', checks: [] });
  });
});
