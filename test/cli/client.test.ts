/** The commands that talk to a server, against a real one that has built something. */

import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ProcessResult } from '../../src/process/run-process.ts';
import { parseEvents, proteus, startProteus } from '../helpers/proteus.ts';
import { finished, makeAdmin, serve, type TestServer } from '../helpers/serve.ts';
import { makeFolder, writeNetwork } from '../helpers/write-network.ts';
import { gitRepository } from '../inputs/git-repository.ts';

let directory: string;
let server: TestServer;
let env: Readonly<Record<string, string>>;

const run = (...args: readonly string[]): Promise<ProcessResult> => proteus(args, { env });

async function result(...args: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const { stdout, stderr } = await run(...args, '--json');
  const last = parseEvents(stdout).at(-1);
  if (last === undefined) throw new Error(`no result: ${stderr}`);
  return last;
}

const derivation = (name: string, script: string): string =>
  `{ environment.note = [ "\${derivation { name = "${name}"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "${script}" ]; }}" ]; }`;

beforeAll(async () => {
  const folder = await makeFolder();
  directory = path.join(folder, 'data');
  const checkout = path.join(folder, 'net');
  await writeNetwork(
    {
      good: derivation('good-part', 'echo it goes well; echo > $out'),
      bad: derivation('bad-part', 'echo oh no; exit 3'),
      slow: derivation('slow-part', 'echo begun; sleep 600'),
      wrong: '{ environment.note = [ (throw "it is wrong") ]; }',
    },
    { folder: checkout, selfContained: true },
  );
  gitRepository(checkout).commit({});
  server = await serve(directory);
  env = { PROTEUS_TOKEN: await makeAdmin(directory), PROTEUS_SERVER: server.url };
  await run('project', 'create', 'fleet', '--display-name', 'The fleet', '--description', 'ours');
  await run(
    ...['jobset', 'create', 'fleet:main', '--network', 'network:network.nix', '--check-interval', '1 h'],
    ...['--input', `network=git:${checkout} main`],
  );
  await server.told(finished('good'));
  await server.told(finished('bad', 2));
  await server.told(({ type, name }) => type === 'step.started' && name === 'slow-part');
});
afterAll(() => server[Symbol.asyncDispose]());

const idOf = async (job: string): Promise<string> => {
  const { builds } = (await result('job', 'list', 'fleet:main')) as {
    readonly builds: readonly { readonly id: number; readonly job: string }[];
  };
  return String(builds.find((build) => build.job === job)?.id);
};

describe('projects and jobsets', () => {
  it('are listed and shown', async () => {
    const list = await run('project', 'list');
    const show = await run('project', 'show', 'fleet');
    const jobset = await run('jobset', 'show', 'fleet:main');

    expect(list.stdout).toBe(
      'project  name       owner  enabled  jobsets\nfleet    The fleet  alice  yes      main\n',
    );
    expect(show.stdout).toMatch(/^description +ours$/m);
    expect(show.stdout).toMatch(/^fleet:main +1 +1 +1 .*has evaluation errors$/m);
    expect(jobset.stdout).toMatch(/^type +network$/m);
    expect(jobset.stdout).toMatch(/^check interval +3600 s$/m);
    expect(jobset.stdout).toMatch(/^network +git +\/nix\/var\/.*\/net main$/m);
    expect(jobset.stdout).toContain('it is wrong');
    expect((await run('jobset', 'list')).stdout).toContain('fleet:main');
  });

  it('are made, changed, renamed and deleted', async () => {
    const input = ['--input', 'src=path:/nix/var'];
    expect(await run('project', 'create', 'tools')).toMatchObject({
      code: 0,
      stdout: `made ${server.url}/project/tools\n`,
    });
    await run('jobset', 'create', 'tools:a', '--expression', 'src:x.nix', ...input, '--state', 'disabled');
    await run('jobset', 'edit', 'tools:a', '--rename', 'b', '--shares', '7', '--import-from-derivation');

    expect(await result('jobset', 'show', 'tools:b')).toMatchObject({
      jobset: {
        name: 'b',
        type: 0,
        enabled: 0,
        schedulingshares: 7,
        keepnr: 3,
        allow_import_from_derivation: true,
        inputs: { src: { type: 'path', value: '/nix/var' } },
      },
    });
    expect(await run('jobset', 'delete', 'tools:b')).toMatchObject({ code: 0 });
    expect(await run('jobset', 'show', 'tools:b')).toMatchObject({ code: 1 });
    expect(await run('project', 'delete', 'tools')).toMatchObject({ code: 0 });
    expect((await run('project', 'list')).stdout).not.toContain('tools');
  });

  it.each([
    [['project', 'create', 'fleet'], "there is a project 'fleet' already"],
    [['project', 'show', 'nothing'], "Project ‘nothing’ doesn't exist"],
    [['jobset', 'create', 'fleet:main', '--flake', 'a:b'], 'there is a jobset fleet:main already'],
    [['jobset', 'create', 'fleet:x'], 'one of --network, --expression and --flake is needed'],
    [
      ['jobset', 'create', 'fleet:x', '--network', 'a:b', '--input', 'a=gti:/x'],
      'Invalid input type ‘gti’; valid types: ',
    ],
    [
      ['jobset', 'create', 'fleet:x', '--network', 'a:b', '--input', 'a=git:ext::sh -c x'],
      'remote helpers of git can run any program',
    ],
    [['jobset', 'show', 'fleet'], 'wanted a jobset as PROJECT:JOBSET'],
    [['eval', 'show', '999'], "Evaluation 999 doesn't exist"],
    [['eval', 'show', 'x'], "wanted a number, got 'x'"],
    [['queue', 'why', '999'], "Build with ID 999 doesn't exist"],
    [['builder', 'drain', 'nobody'], 'there is no builder'],
    [['log', '999'], "Build with ID 999 doesn't exist"],
  ])('%j is refused in words', async (args, message) => {
    const { code, stderr } = await run(...args);

    expect(code).not.toBe(0);
    expect(stderr).toContain(message);
  });
});

describe('evaluations and jobs', () => {
  it('are listed, shown, and tell their errors with file and line', async () => {
    const list = await run('eval', 'list', 'fleet:main');
    const show = await run('eval', 'show', '1');
    const errors = await run('eval', 'errors', '1');

    expect(list.stdout).toMatch(/^ +1 .* done +1 +1 +1 +network [0-9a-f]{12}$/m);
    expect(show.stdout).toMatch(/^jobset +fleet:main$/m);
    expect(show.stdout).toMatch(/^good +\d+ +\S+ +succeeded +\/nix\/store\/.*-nixos-system-good$/m);
    expect(errors.code).toBe(1);
    expect(errors.stdout).toMatch(/^wrong at network\/.*\.nix:\d+:$/m);
    expect(errors.stdout).toContain('it is wrong');
  });

  it('still print an attribute of a network file', async () => {
    const file = await writeNetwork({ web01: '{ }' });

    expect(await run('eval', file, 'web01.config.networking.hostName')).toMatchObject({
      code: 0,
      stdout: '"web01"\n',
    });
  });

  it('show the builds of a job', async () => {
    expect((await run('job', 'list', 'fleet:main')).stdout).toMatch(/^bad +\d+ .* failed/m);
    expect((await run('job', 'show', 'fleet:main', 'good')).stdout).toMatch(
      /nixos-system-good .* succeeded$/m,
    );
  });
});

describe('the queue', () => {
  it('says what waits, and why', async () => {
    const slow = await idOf('slow');

    expect((await run('queue', 'list')).stdout).toMatch(new RegExp(`^ +${slow}  fleet:main:slow `, 'm'));
    expect((await run('queue', 'why', slow)).stdout).toContain('slow-part');
    expect(await result('queue', 'why', await idOf('good'))).toMatchObject({
      reason: { type: 'finished', status: 0 },
    });
  });

  it('bumps, cancels and restarts builds, and says which it did not', async () => {
    const [good, slow] = [await idOf('good'), await idOf('slow')];

    expect((await run('queue', 'bump', slow, good)).stdout).toBe(
      `build ${slow} comes first now\nbuild ${good} is finished already\n`,
    );
    expect((await run('queue', 'cancel', slow)).stdout).toBe(`build ${slow} cancelled\n`);
    await server.told(finished('slow', 4));
    expect((await run('queue', 'restart', slow)).stdout).toBe(`build ${slow} queued again\n`);
    expect((await run('queue', 'list')).stdout).toContain('fleet:main:slow');
  });
});

describe('logs', () => {
  it('are those of what failed, else of the build itself', async () => {
    expect(await run('log', await idOf('bad'))).toMatchObject({ code: 0, stdout: 'oh no\n' });
    expect((await run('log', await idOf('bad'))).stderr).toContain('-bad-part.drv');
  });

  it('are followed while they are written', async () => {
    await using child = await startProteus(['log', await idOf('slow'), '--follow'], { env });
    for await (const chunk of child.stdout) {
      expect(String(chunk)).toBe('begun\n');
      break;
    }
  });
});

describe('the log of a build that has not begun', () => {
  it('is waited for, and followed to the end of the build', async () => {
    const slow = await idOf('slow');
    await run('builder', 'drain', 'local');
    await run('queue', 'cancel', slow);
    await run('queue', 'restart', slow);

    expect((await run('log', slow, '--step', '99')).stderr).toContain('has no log of a step 99');
    await using child = await startProteus(['log', slow, '--follow'], { env });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += String(chunk);
    });
    await vi.waitFor(() => expect(said).toContain('are drained: local. Waiting for its log'), {
      timeout: 20_000,
    });
    await run('builder', 'undrain', 'local');
    let log = '';
    for await (const chunk of child.stdout) {
      log += String(chunk);
      if (log === 'begun\n') await run('queue', 'cancel', slow);
    }

    expect(log).toMatch(/^begun\n/);
    expect(await child.exited).toEqual({ code: 0, signal: null });
    await run('queue', 'restart', slow);
  });

  it('is no log when the build had nothing to run', async () => {
    const folder = await makeFolder();
    await writeNetwork(
      { good: derivation('good-part', 'echo it goes well; echo > $out') },
      { folder, selfContained: true },
    );
    gitRepository(folder).commit({});
    await run(
      'jobset',
      'create',
      'fleet:again',
      '--network',
      'network:network.nix',
      '--input',
      `network=git:${folder} main`,
    );
    await server.told(({ type, jobset }) => type === 'ci.build.finished' && jobset === 'again');
    const { builds } = (await result('job', 'list', 'fleet:again')) as {
      readonly builds: readonly { readonly id: number }[];
    };

    const { code, stderr } = await run('log', String(builds[0]?.id), '--follow');

    expect(code).toBe(1);
    expect(stderr).toContain('has no log');
    expect(stderr).toContain('nothing had to be run for it');
    await run('jobset', 'delete', 'fleet:again');
  });
});

describe('builders', () => {
  it('are listed, drained and given steps again', async () => {
    expect((await run('builder', 'list')).stdout).toMatch(/^local .* ready$/m);
    expect(await run('builder', 'drain', 'local')).toMatchObject({
      code: 0,
      stderr: 'local takes no more steps\n',
    });
    expect((await run('builder', 'list')).stdout).toMatch(/^local .* drained$/m);
    await run('builder', 'undrain', 'local');
    expect((await run('builder', 'list')).stdout).toMatch(/^local .* ready$/m);
  });
});

describe('tokens and permissions', () => {
  it('are made, listed and taken back', async () => {
    const made = await run('token', 'create', 'laptop', '--expires', '1 d');
    const token = made.stdout.trim();
    const { tokens } = (await result('token', 'list')) as {
      readonly tokens: readonly { readonly id: number; readonly name: string }[];
    };
    const id = String(tokens.find(({ name }) => name === 'laptop')?.id);
    const withToken = () => proteus(['gc', '--dry-run'], { env: { ...env, PROTEUS_TOKEN: token } });

    expect(token).toMatch(/^proteus_[\w-]{43}$/);
    expect(JSON.stringify(tokens)).not.toContain(token);
    expect(await withToken()).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/\d+ kept, 0 would be let go\n$/),
    });
    expect(await run('token', 'revoke', id)).toMatchObject({ code: 0 });
    expect(await withToken()).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('The token is not known here, or has expired.'),
    });
    expect(server.log()).not.toContain(token);
  });

  it('are needed for what changes something, and the message says how to get one', async () => {
    const { code, stderr } = await proteus(['project', 'delete', 'fleet'], {
      env: { PROTEUS_SERVER: server.url, PROTEUS_TOKEN: undefined },
    });

    expect(code).toBe(1);
    expect(stderr).toContain('what to do: Give a token with --token-file or PROTEUS_TOKEN');
  });

  it('can belong to others on the machine of the server', async () => {
    const where = ['--user', 'alice', '--data-directory', directory];
    await proteus(['token', 'create', 'other', ...where]);

    expect((await proteus(['token', 'list', ...where])).stdout).toContain('other');
    expect(await proteus(['token', 'list', '--user', 'nobody', '--data-directory', directory])).toMatchObject(
      {
        code: 1,
        stderr: expect.stringContaining("there is no user 'nobody'"),
      },
    );
  });
});

describe('evaluating and cleaning up', () => {
  it('is asked for', async () => {
    expect(await run('jobset', 'evaluate', 'fleet:main', '--force')).toMatchObject({
      code: 0,
      stderr: 'fleet:main will be evaluated\n',
    });
    await server.told(
      ({ type, jobset, evaluation, state }) =>
        type === 'ci.evaluation.ended' && jobset === 'main' && evaluation !== 1 && state !== 'failed',
    );
    expect(await run('jobset', 'cancel', 'fleet:main')).toMatchObject({
      code: 0,
      stderr: 'fleet:main was not being evaluated\n',
    });
    expect((await run('gc')).stdout).toMatch(/\d+ kept, \d+ let go\n$/);
  });
});
