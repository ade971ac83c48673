import { mkdir, readdir, readFile, readlink, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { runProcess } from '../../src/process/run-process.ts';
import { parseEvents, proteus } from '../helpers/proteus.ts';
import { makeFolder, writeNetwork } from '../helpers/write-network.ts';

/** A host whose system needs a derivation that runs `script` (busybox sh, `$out` to be made). */
function needing(name: string, script: string): string {
  return `{ environment.note = [ "\${derivation { name = "${name}"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" ''${script}'' ]; }}" ]; }`;
}

async function linksOf(result: string): Promise<Readonly<Record<string, string>>> {
  const names = await readdir(result);
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readlink(path.join(result, name))])),
  );
}

describe('proteus build', () => {
  it('prints exactly the result path on standard output, with a link per host', async () => {
    const file = await writeNetwork({ web01: '{ }', db01: '{ }' });

    const { stdout, stderr, code } = await proteus(['build', file]);

    expect(code).toBe(0);
    expect(stdout).toMatch(/^\/nix\/store\/[0-9a-z]{32}-morph\n$/);
    expect(await linksOf(stdout.trim())).toEqual({
      db01: expect.stringMatching(/-nixos-system-db01$/),
      web01: expect.stringMatching(/-nixos-system-web01$/),
    });
    expect(stderr).toContain('Selected 2/2 hosts (name filter:-0, limits:-0):\n\t  0: db01 (secrets: 0');
  });

  it('gives hosts the store paths that plain nix-build gives them', async () => {
    const file = await writeNetwork({ web01: '{ environment.note = [ "x" ]; }' });
    const { stdout } = await proteus(['build', file]);
    const plain = await runProcess([
      'nix-build',
      '--no-out-link',
      path.join(import.meta.dirname, '../../nix/eval-machines.nix'),
      '--argstr',
      'networkExpr',
      file,
      '-A',
      'nodes.web01.config.system.build.toplevel',
    ]);

    expect(await linksOf(stdout.trim())).toEqual({ web01: plain.stdout.trim() });
  });

  it('builds the others when one machine does not evaluate, and names machine, file and line', async () => {
    const folder = await makeFolder();
    await writeFile(path.join(folder, 'broken.nix'), '{ ... }:\n{\n  environment.note = [ ("a" + 1) ];\n}\n');
    const file = await writeNetwork({ bad: './broken.nix', good: '{ }' }, { folder });

    const { stdout, stderr, code } = await proteus(['build', file]);

    expect(code).toBe(1);
    expect(Object.keys(await linksOf(stdout.trim()))).toEqual(['good']);
    expect(stderr).toMatch(
      new RegExp(`bad: evaluation failed at ${folder}/broken.nix:3: .*(?:cannot (?:coerce|add)|string)`),
    );
  });

  it('builds the others when one machine does not build, with the tail of the log and where all of it is', async () => {
    const file = await writeNetwork({
      bad: needing('broken-part', 'echo about to fail; exit 3'),
      good: needing('sound-part', 'echo fine > $out'),
    });
    const logs = await makeFolder();

    const { stdout, stderr, code } = await proteus(['build', file, '--build-logs', logs]);

    expect(code).toBe(1);
    expect(Object.keys(await linksOf(stdout.trim()))).toEqual(['good']);
    expect(stderr).toContain('broken-part: failed on local');
    expect(stderr).toContain('  | about to fail');
    expect(stderr).toMatch(/bad: not built: broken-part: /);
    const log = /whole log: (.*)/.exec(stderr)?.[1] ?? '';
    expect(await readFile(log, 'utf8')).toContain('about to fail\n');
  });

  it('begins to build before the last machine is evaluated', async () => {
    const hosts = Object.fromEntries(
      Array.from({ length: 8 }, (_, index) => [
        `m${index}`,
        needing(`part-${index}`, `echo ${index} > $out`),
      ]),
    );
    // The last of them cannot be evaluated before the first one's part is there.
    const waits =
      '(builtins.readFile (derivation { name = "slow"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "sleep 3; echo done > $out" ]; }))';
    const file = await writeNetwork({ ...hosts, m7: `{ environment.note = [ ${waits} ]; }` });

    const { stdout, code } = await proteus(['build', file, '--workers', '2', '--json']);

    expect(code).toBe(0);
    const events = parseEvents(stdout);
    const firstBuild = events.findIndex(({ type }) => type === 'step.started');
    const lastEvaluation = events.findLastIndex(({ type }) => type === 'evaluation.job.done');
    expect(events[lastEvaluation]).toMatchObject({ job: 'm7' });
    expect(firstBuild).toBeGreaterThan(-1);
    expect(firstBuild).toBeLessThan(lastEvaluation);
    expect(events.at(-1)).toMatchObject({ type: 'result', path: expect.stringMatching(/-morph$/) });
  });

  it('takes a file whose path has spaces and other characters', async () => {
    const folder = path.join(await makeFolder(), 'a folder, with "quotes" & $more');
    await mkdir(folder);
    const file = await writeNetwork({ web01: '{ }' }, { folder, file: 'my network.nix' });

    const { code, stdout } = await proteus(['build', file]);

    expect(code).toBe(0);
    expect(Object.keys(await linksOf(stdout.trim()))).toEqual(['web01']);
  });

  it('takes modules that come out of derivations', async () => {
    const derivation =
      'derivation { name = "module"; system = builtins.currentSystem; builder = "/bin/sh"; ' +
      'args = [ "-c" "echo \\"$text\\" > $out" ]; text = "{ environment.note = [ \\"generated\\" ]; }"; }';
    const module = `{ imports = [ "\${${derivation}}" ]; }`;
    const file = await writeNetwork({ web01: module });

    const { code, stdout } = await proteus(['build', file]);

    expect(code).toBe(0);
    const { web01 } = await linksOf(stdout.trim());
    expect(await readFile(web01 ?? '', 'utf8')).toContain('generated');
  });

  it('keeps the result with --keep-result, also from a garbage collection', async () => {
    const file = await writeNetwork({ web01: '{ }' });
    const { stdout } = await proteus(['build', file, '--keep-result']);
    const link = path.join(path.dirname(file), '.gcroots/network.nix');

    await runProcess(['nix-store', '--gc']);

    expect(await readlink(link)).toBe(stdout.trim());
    await stat(stdout.trim());
  });

  it('signs what it built with --sign-key', async () => {
    const folder = await makeFolder();
    const key = path.join(folder, 'k');
    const publicKey = (await proteus(['key', 'generate', 'user-1', '--secret', key])).stdout.trim();
    const file = await writeNetwork({ web01: '{ environment.note = [ "signed" ]; }' }, { folder });

    const { stdout } = await proteus(['build', file, '--sign-key', key]);

    const { web01 } = await linksOf(stdout.trim());
    const verified = await runProcess([
      ...(['nix', '--extra-experimental-features', 'nix-command', 'store', 'verify', '--recursive'] as const),
      ...['--sigs-needed', '1', '--trusted-public-keys', publicKey, web01 ?? ''],
    ]);
    expect(verified.code).toBe(0);
  });

  it('says that no host was selected, and what the header leaves out', async () => {
    const file = await writeNetwork({ web01: '{ }' });

    const { code, stdout, stderr } = await proteus(['build', file, '--on', 'db*']);

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('Selected 0/1 hosts (name filter:-1, limits:-0):');
    expect(stderr).toContain('No hosts selected');
  });

  it('names the system that nobody builds, and builds the rest', async () => {
    const foreign = `{ environment.note = [ "\${derivation { name = "part"; system = "riscv64-plan9"; builder = "/bin/sh"; }}" ]; }`;
    const file = await writeNetwork({ odd: foreign, web01: '{ }' });

    const { code, stdout, stderr } = await proteus(['build', file]);

    expect(code).toBe(1);
    expect(Object.keys(await linksOf(stdout.trim()))).toEqual(['web01']);
    expect(stderr).toMatch(/part wants riscv64-plan9; no builder has it/);
  });
});
