import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { loadNetwork } from '../../src/network/load-network.ts';
import { fleet, networkText, temporaryFolder } from './temporary-folder.ts';

async function loadText(text: string): Promise<Awaited<ReturnType<typeof loadNetwork>>> {
  await using folder = await temporaryFolder({ 'net.nix': text });
  return await loadNetwork(folder.file('net.nix'));
}

describe('loadNetwork', () => {
  it('reads all that a deployment needs to know', async () => {
    const network = await loadNetwork(fleet);
    const [db01, db02, , iso, web01] = network.hosts;

    expect(network).toMatchObject({
      description: 'a test fleet',
      orderingTags: ['db', 'web'],
      brokenHosts: [],
    });
    expect(network.hosts.map(({ name }) => name)).toEqual(['db01', 'db02', 'dotted.name', 'iso', 'web01']);
    expect(db01).toEqual({
      name: 'db01',
      targetHost: 'db01',
      targetPort: null,
      targetUser: '',
      buildOnly: false,
      buildOnTarget: false,
      substituteOnDestination: true,
      tags: ['db', 'prod'],
      secrets: {},
      preDeployChecks: { cmd: [], http: [] },
      healthChecks: { cmd: [], http: [] },
      nixosRelease: '24.05',
      nixConfig: { cores: '1' },
    });
    expect(db02).toMatchObject({ targetHost: '10.0.0.2', buildOnTarget: true });
    expect(iso?.buildOnly).toBe(true);
    expect(web01).toMatchObject({
      targetUser: 'deploy',
      targetPort: 2222,
      secrets: {
        a: { source: 's/a.txt', permissions: '0400', mkDirs: true, uploadAt: 'pre-activation' },
        b: { owner: { user: 'nginx', group: 'root' }, mkDirs: false, uploadAt: 'post-activation' },
      },
      preDeployChecks: { cmd: [{ description: 'before', cmd: ['pre'], period: 9, timeout: 5 }], http: [] },
      healthChecks: {
        http: [{ port: 80, host: null, scheme: 'http', path: '/', headers: { Host: 'example.org' } }],
      },
    });
  });

  it('reads secrets that are no files', async () => {
    const { hosts } = await loadText(
      networkText(`
        a.deployment.secrets.c = { command = [ "pass" "x" ]; destination = "/c"; };
        a.deployment.secrets.e = { age.file = "e.age"; destination = "/e"; };
        a.deployment.secrets.t = { text = "t"; destination = "/t"; };`),
    );
    expect(hosts[0]?.secrets).toMatchObject({
      c: { source: '', command: ['pass', 'x'] },
      e: { source: '', age: { file: 'e.age' } },
      t: { source: '', text: 't' },
    });
  });

  it('reads a network without hosts', async () => {
    expect(await loadText(networkText(''))).toEqual({
      hosts: [],
      brokenHosts: [],
      description: '',
      orderingTags: [],
    });
  });

  it('goes on without the hosts that do not evaluate, and says where each is wrong', async () => {
    await using folder = await temporaryFolder({
      'net.nix': networkText(`
        a.deployment.tags = [ "a" ];
        b = ./b.nix;
        c.deployment.tags = [ "c" ];
        d.deployment.misspelt = true;
        e = { nodes, ... }: { deployment.tags = nodes.b.config.deployment.tags; };
        f.deployment.tags = [ "f" ];`),
      'b.nix': '{\n  deployment.tags = null.tags;\n}\n',
    });
    const network = await loadNetwork(folder.file('net.nix'));

    expect(network.hosts.map(({ name }) => name)).toEqual(['a', 'c', 'f']);
    expect(network.brokenHosts.map(({ name }) => name)).toEqual(['b', 'd', 'e']);
    expect(network.brokenHosts[0]?.error).toMatchObject({
      message: expect.stringMatching(
        /^value is null while a set was expected$|^expected a set but found null/,
      ),
      position: { file: folder.file('b.nix'), line: 2 },
    });
    expect(network.brokenHosts[1]?.error.message).toBe("The option `deployment.misspelt' does not exist.");
  });

  it('fails when no host evaluates, naming one and the place', async () => {
    await using folder = await temporaryFolder({
      'net.nix': networkText('a = ./a.nix; b = ./a.nix;'),
      'a.nix': '{\n  deployment.tags = undefinedName;\n}\n',
    });

    await expect(loadNetwork(folder.file('net.nix'))).rejects.toMatchObject({
      code: 'network.evaluation',
      message: expect.stringMatching(
        /^host a of .*net\.nix does not evaluate: .*a\.nix:2: undefined variable/,
      ),
    });
  });

  it.each([
    ['a syntax error', '{ a = ; }', /net\.nix:1: syntax error/],
    ['a file that is not there', 'import ./nothing.nix', /nothing\.nix/],
    [
      'settings that are no strings',
      networkText('a = { };', '{ nixConfig.cores = 1; }'),
      /nix option 'cores' must have a string typed value/,
    ],
    [
      'a secret that is a path',
      networkText('a.deployment.secrets.s = { source = ./x; destination = "/s"; };'),
      /option `source' is not of type `string'/,
    ],
  ])('fails for %s', async (_, text, message) => {
    await expect(loadText(text)).rejects.toMatchObject({
      code: 'network.evaluation',
      message: expect.stringMatching(message),
    });
  });

  it.each([
    ['{ ... }: { }', 'function'],
    ['[ ]', 'list'],
    ['"text"', 'string'],
  ])('refuses %s', async (text, what) => {
    await expect(loadText(text)).rejects.toMatchObject({
      code: 'network.invalid',
      message: expect.stringMatching(
        new RegExp(`^a Morph network must be an attribute set of hosts, but .*net\\.nix is a ${what}$`),
      ),
    });
  });

  it('refuses what is no file', async () => {
    await using folder = await temporaryFolder({ 'a.nix': '' });

    await expect(loadNetwork(folder.file('b.nix'))).rejects.toMatchObject({
      code: 'network.invalid',
      message: `'${folder.file('b.nix')}' does not exist`,
    });
    await expect(loadNetwork(folder.path)).rejects.toMatchObject({
      message: `'${folder.path}' is a directory, not a network file`,
    });
  });

  it('lets modules come out of derivations', async () => {
    const { hosts } = await loadText(
      networkText(`
        a.imports = [ "\${derivation {
          name = "ifd"; system = builtins.currentSystem; builder = "/bin/sh";
          args = [ "-c" "echo '{ deployment.tags = [ \\"built\\" ]; }' > $out" ];
        }}" ];`),
    );

    expect(hosts[0]?.tags).toEqual(['built']);
  });

  it('hands Nix settings on, and shows the whole trace when asked to', async () => {
    await using folder = await temporaryFolder({ 'net.nix': networkText('a = throw "boom";') });
    const load = (options: Parameters<typeof loadNetwork>[1]): Promise<unknown> =>
      loadNetwork(folder.file('net.nix'), options);

    await expect(load({ nixOptions: { 'restrict-eval': 'true' } })).rejects.toThrow(
      /forbidden in restricted mode/,
    );
    await expect(load({})).rejects.toThrow(/^host a of .*: boom/);
    await expect(load({ showTrace: true })).rejects.toThrow(/… while /);
  });

  it('reads what Morph’s own expression gives', async () => {
    await using folder = await temporaryFolder({
      'eval-machines.nix': `
        { networkExpr, network ? import networkExpr, argsFile ? "" }:
        { info.deployment = {
            hosts = [ { name = network.name; secrets = { }; healthChecks = { _module.check = true; cmd = [ ]; http = [ ]; }; } ];
            meta = { description = "foreign"; ordering = { }; };
          };
        }`,
      'net.nix': '{ name = "x"; }',
      'bad.nix': '{ }',
    });
    const env = { ...process.env, MORPH_NIX_EVAL_MACHINES: folder.file('eval-machines.nix') };

    expect(await loadNetwork(folder.file('net.nix'), { env })).toMatchObject({
      description: 'foreign',
      hosts: [{ name: 'x' }],
    });
    await expect(loadNetwork(folder.file('bad.nix'), { env })).rejects.toMatchObject({
      code: 'network.evaluation',
      message: expect.stringMatching(/attribute 'name' missing/),
    });
  });

  it('goes through the command that Morph’s variable names, and tells when it prints no JSON', async () => {
    await using folder = await temporaryFolder({ 'net.nix': networkText('a = { };') });
    const env = { ...process.env, MORPH_NIX_EVAL_CMD: 'echo' };

    await expect(loadNetwork(folder.file('net.nix'), { env })).rejects.toMatchObject({
      code: 'network.evaluation',
      message: expect.stringMatching(/^echo printed no JSON for .*net\.nix: --eval/),
    });
  });

  it('ends Nix when it is interrupted', async () => {
    await using folder = await temporaryFolder({
      'net.nix': networkText(`
        a = let list = builtins.genList (n: n) 100000; loop = f: builtins.foldl' (_: f) 0 list;
          in builtins.seq (loop (_: loop (n: n))) { };`),
    });
    const abort = new AbortController();
    const loading = loadNetwork(folder.file('net.nix'), { signal: abort.signal });
    setTimeout(() => abort.abort(), 300);

    await expect(loading).rejects.toMatchObject({ code: 'interrupted' });
    expect(await processesWith(folder.path)).toEqual([]);
  });
});

async function processesWith(text: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (line.includes(text)) found.push(line);
  }
  return found;
}
