/**
 * The jobset of a person who had Hydra build a machine of a Morph network, as it was: legacy, with a glue file that
 * imports Morph's library out of a derivation. Beside it a network jobset, which needs no glue and gives the same.
 */

import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { proteus } from '../helpers/proteus.ts';
import { finished, makeAdmin, serve, type TestServer } from '../helpers/serve.ts';
import { makeFolder } from '../helpers/write-network.ts';
import { gitRepository } from '../inputs/git-repository.ts';
import { copyExampleNetwork } from '../lab/copy-example-network.ts';
import { type Emulation, emulateAarch64 } from '../lab/emulation.ts';

const repository = path.join(import.meta.dirname, '../..');
const fixtures = path.join(repository, 'test/fixtures/story');

let emulation: Emulation;
let server: TestServer;
let env: Readonly<Record<string, string>>;
let inputs: readonly string[];
beforeAll(async () => {
  emulation = await emulateAarch64();
  const folder = await makeFolder();
  const [nixpkgs, network] = [path.join(folder, 'nixpkgs'), path.join(folder, 'network')];
  await copyExampleNetwork(network);
  await mkdir(nixpkgs);
  await cp(path.join(network, 'nixpkgs'), path.join(nixpkgs, 'base'), { recursive: true });
  await cp(path.join(repository, 'nix'), path.join(nixpkgs, 'morph'), { recursive: true });
  await cp(path.join(fixtures, 'default.nix'), path.join(nixpkgs, 'default.nix'));
  await cp(path.join(fixtures, 'network'), network, { recursive: true });
  const file = path.join(network, 'network.nix');
  await writeFile(file, (await readFile(file, 'utf8')).replace('import ./nixpkgs', 'import <nixpkgs>'));
  gitRepository(nixpkgs).commit({});
  gitRepository(network).commit({});
  inputs = ['--input', `nixpkgs=git:${nixpkgs} main`, '--input', `network=git:${network} main`];

  const directory = path.join(folder, 'data');
  server = await serve(directory);
  env = { PROTEUS_TOKEN: await makeAdmin(directory), PROTEUS_SERVER: server.url };
  await proteus(['project', 'create', 'home'], { env });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await emulation[Symbol.asyncDispose]();
});

const create = async (name: string, ...args: readonly string[]): Promise<void> => {
  const line = ['jobset', 'create', `home:${name}`, ...args, ...inputs, '--check-interval', '3600'];
  expect(await proteus(line, { env })).toMatchObject({ code: 0 });
};

async function jobs(name: string): Promise<Readonly<Record<string, string>>> {
  const { stdout } = await proteus(['job', 'list', `home:${name}`, '--json'], { env });
  const { builds } = JSON.parse(stdout) as {
    readonly builds: readonly {
      readonly job: string;
      readonly buildoutputs: { readonly out: { readonly path: string } };
    }[];
  };
  return Object.fromEntries(builds.map(({ job, buildoutputs }) => [job, buildoutputs.out.path]));
}

describe('the jobset of the story', () => {
  it('builds the machine of another architecture, and the network jobset builds the same', async () => {
    await create('eiffel', '--expression', 'network:hydra/eiffel.nix', '--import-from-derivation');
    await server.told((event) => finished('eiffel')(event) && event.jobset === 'eiffel');
    await create('network', '--network', 'network:network.nix');
    await server.told((event) => finished('eiffel')(event) && event.jobset === 'network');
    await server.told(finished('web01'));
    await server.told(finished('db01'));

    const [legacy, network] = [await jobs('eiffel'), await jobs('network')];
    expect(Object.keys(legacy)).toEqual(['eiffel']);
    expect(Object.keys(network).toSorted()).toEqual(['db01', 'eiffel', 'web01']);
    expect(legacy.eiffel).toMatch(/^\/nix\/store\/.{32}-nixos-system-eiffel-/);
    expect(network.eiffel).toBe(legacy.eiffel);
    expect(await readFile(`${legacy.eiffel}/system`, 'utf8')).toBe('aarch64-linux\n');
  });

  it('says that the machine was built under emulation', async () => {
    const steps = server.events.filter(
      ({ type, name }) => type === 'step.started' && /eiffel/.test(String(name)),
    );

    expect(steps.length).toBeGreaterThan(0);
    expect(steps.every(({ emulated }) => emulated === (process.arch !== 'arm64'))).toBe(true);
  });

  it('makes no new evaluation while nothing has changed', async () => {
    const before = new Set(server.events);
    expect(await proteus(['jobset', 'evaluate', 'home:eiffel'], { env })).toMatchObject({ code: 0 });
    const ended = await server.told(
      (event) => !before.has(event) && event.type === 'ci.evaluation.ended' && event.jobset === 'eiffel',
    );
    expect(ended).toMatchObject({ state: 'unchanged' });

    const { stdout } = await proteus(['eval', 'list', 'home:eiffel'], { env });
    expect(stdout.trimEnd().split('\n')).toHaveLength(2);
  });

  it('says what is missing where imports from derivations are not allowed', async () => {
    await create('strict', '--expression', 'network:hydra/eiffel.nix');
    await server.told(({ type, jobset }) => type === 'ci.evaluation.ended' && jobset === 'strict');

    const { stdout } = await proteus(['jobset', 'show', 'home:strict'], { env });
    expect(stdout).toMatch(/import/i);
    expect(stdout).toContain('morph-1.8.0');
  });
});
