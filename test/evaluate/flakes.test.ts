/** Flakes on real Nix: from a reference to a locked one, and from there to jobs. */

import { appendFile, readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { lockFlake } from '../../src/evaluate/lock-flake.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { type TemporaryFolder, temporaryFolder } from '../network/temporary-folder.ts';
import { type CollectedJobset, collectJobset } from './jobset-fixture.ts';

const sh = (name: string): string =>
  `(derivation { name = "${name}"; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" "echo > $out" ]; })`;
const flake = (outputs: string): string => `{ outputs = { self }: ${outputs}; }\n`;

async function evaluate(reference: string): Promise<CollectedJobset> {
  const { url, sourcePath } = await lockFlake(reference);
  return collectJobset({
    name: 'tests:flake',
    expression: { type: 'flake', lockedUrl: url, sourcePath },
    inputs: [],
    allowImportFromDerivation: false,
    settings: {},
  });
}

async function evaluateOutputs(outputs: string): Promise<CollectedJobset> {
  await using folder = await temporaryFolder({ 'flake.nix': flake(outputs) });
  return await evaluate(`path:${folder.path}`);
}

async function repository(files: Readonly<Record<string, string>>): Promise<TemporaryFolder> {
  const folder = await temporaryFolder(files);
  const git = (...args: string[]) =>
    runProcess(['git', '-C', folder.path, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args]);
  await git('init', '--quiet', '--initial-branch=main');
  await git('add', '.');
  await git('commit', '--quiet', '--message=one');
  return folder;
}

describe('lockFlake', () => {
  it('names the commit', async () => {
    await using folder = await repository({ 'flake.nix': flake('{ }') });
    const { url, revision, sourcePath } = await lockFlake(`git+file://${folder.path}`);

    expect(revision).toMatch(/^[0-9a-f]{40}$/);
    expect(url).toContain(`rev=${revision}`);
    expect(await readdir(sourcePath)).toEqual(['flake.nix']);
    expect(await lockFlake(url)).toMatchObject({ url, revision });
  });

  it('names the content where there is no commit', async () => {
    await using folder = await repository({ 'sub/flake.nix': flake('{ }') });
    await appendFile(folder.file('sub/flake.nix'), '# changed\n');
    const dirty = await lockFlake(`git+file://${folder.path}?dir=sub`);
    const plain = await lockFlake(`path:${folder.path}/sub`);

    expect(dirty.revision).toBeNull();
    expect(dirty.url).toMatch(/^path:\/nix\/store\/.*\/sub\?.*narHash=sha256-/);
    expect(plain.url).toMatch(/^path:.*[?&]narHash=sha256-/);
    expect((await collectNames(dirty.url)).failed).toEqual([
      ['', expect.stringContaining('does not provide')],
    ]);
  });

  it('writes no lock file', async () => {
    await using other = await temporaryFolder({ 'flake.nix': flake('{ }') });
    await using folder = await temporaryFolder({
      'flake.nix': `{ inputs.other.url = "path:${other.path}"; outputs = { self, other }: { }; }`,
    });
    await lockFlake(`path:${folder.path}`);

    expect(await readdir(folder.path)).toEqual(['flake.nix']);
  });

  it('says what is wrong with a reference', async () => {
    await expect(lockFlake('--help')).rejects.toMatchObject({ code: 'input.invalid' });
    await expect(lockFlake('path:/no/such/folder')).rejects.toMatchObject({
      code: 'input.fetch',
      message: expect.stringMatching(
        /^the flake path:\/no\/such\/folder cannot be fetched: .*(?:no such file|does not exist)/is,
      ),
    });
    await expect(lockFlake('path:/tmp', { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'interrupted',
    });
  });
});

async function collectNames(lockedUrl: string) {
  const { jobs, failed } = await collectJobset({
    name: 'tests:flake',
    expression: { type: 'flake', lockedUrl },
    inputs: [],
    allowImportFromDerivation: false,
    settings: {},
  });
  return {
    jobs: [...jobs.keys()].toSorted(),
    failed: [...failed].map(([name, { message }]) => [name, message]),
  };
}

describe('a flake', () => {
  it('has the jobs of hydraJobs', async () => {
    const { jobs, failed } = await evaluateOutputs(`{
      hydraJobs = { x86_64-linux.a = ${sh('a')}; b = ${sh('b')}; };
      checks.x86_64-linux.c = ${sh('c')};
    }`);

    expect([...failed]).toEqual([]);
    expect([...jobs.keys()].toSorted()).toEqual(['b', 'x86_64-linux.a']);
  });

  it('without them has those of its checks', async () => {
    const { jobs } = await evaluateOutputs(`{ checks.x86_64-linux.c = ${sh('c')}; }`);

    expect([...jobs.keys()]).toEqual(['x86_64-linux.c']);
  });

  it('with machines only has one job for each, which is its system', async () => {
    const { jobs, failed } = await evaluateOutputs(`{
      nixosConfigurations = {
        web01 = { options = { }; pkgs = throw "not looked at"; config.system.build.toplevel = ${sh('web01')}; };
        db01 = { options = { }; config.system.build.toplevel = throw "broken machine"; };
      };
    }`);

    expect([...jobs].map(([name, { drvName }]) => [name, drvName])).toEqual([['web01', 'web01']]);
    expect([...failed].map(([name, { message }]) => [name, message])).toEqual([['db01', 'broken machine']]);
  });

  it('with nothing of all this says so', async () => {
    const { failed } = await evaluateOutputs('{ packages = { }; }');

    expect(failed.get('')?.message).toMatch(
      /^flake path:.* does not provide any Hydra jobs or checks, nor nixosConfigurations$/,
    );
  });

  it('has errors at places in its repository', async () => {
    await using folder = await repository({
      'flake.nix': flake('{\n  hydraJobs.a = import ./jobs/a.nix;\n}'),
      'jobs/a.nix': '\nassert false; 1\n',
    });
    const { failed } = await evaluate(`git+file://${folder.path}`);

    expect(failed.get('a')).toMatchObject({
      message: "assertion 'false' failed",
      position: { file: 'jobs/a.nix', line: 2 },
    });
  });

  it('sees nothing of the machine', async () => {
    await using folder = await repository({
      'flake.nix': flake(`{ hydraJobs.a = builtins.readFile "/etc/passwd"; }`),
    });
    const { failed } = await evaluate(`git+file://${folder.path}`);

    expect(failed.get('a')?.message).toMatch(
      /access to absolute path '\/etc.*' is forbidden in (?:restricted|pure)/,
    );
  });
});
