/** Jobsets on real Nix: what each kind of jobset gives, and what one may not do. */

import { describe, expect, it } from 'vitest';
import { networkRoot } from '../../src/network/network-root.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { collectJobset, folderInput, input, legacy, networkJobset } from './jobset-fixture.ts';

describe('a legacy jobset', () => {
  it('has a job for each derivation, by its path, and overlooks everything else', async () => {
    const evaluation = await legacy(`with import ./lib.nix; {
      a = sh "a" "echo > $out";
      nested.deep = { b = sh "b" ""; "dotted.name".c = sh "c" ""; number = 5; text = "x"; f = x: x; };
      broken = throw "no such luck";
    }`);
    const { jobs, failed, kept } = await collectJobset(evaluation);

    expect([...jobs.keys()].toSorted()).toEqual(['a', 'nested.deep."dotted.name".c', 'nested.deep.b']);
    expect([...jobs.values()].map(({ drvPath }) => drvPath).toSorted()).toEqual([...kept].toSorted());
    expect([...failed.keys()]).toEqual(['broken']);
    expect(failed.get('broken')).toMatchObject({
      message: 'no such luck',
      position: { file: 'jobs/jobs.nix', line: 4 },
    });
    expect(failed.get('broken')?.trace).not.toContain('/nix/store');
  });

  it('hands its inputs to the functions that name them', async () => {
    const library = await folderInput('library', { 'default.nix': '{ version = "1"; }' });
    const evaluation = await legacy(
      `{ library, text, flag, expression, ... }: with import ./lib.nix; {
        a = sh "a-\${text}-\${toString flag}-\${toString expression}" "";
        b = sh "b-\${(import library).version}-\${library.rev}" "";
        c = { text, other ? "none" }: sh "c-\${text}-\${other}" "";
        d = { absent }: sh "d" "";
        e = sh "e-\${(import <library>).version}" "";
      }`,
      [
        { ...library, value: { ...library.value, attributes: { rev: 'abc' } } as typeof library.value },
        input('text', { kind: 'string', value: 'x' }),
        input('flag', { kind: 'boolean', value: true }),
        input('expression', { kind: 'nix', expression: '1 +\n 1 # two' }),
        input('absent', { kind: 'absent' }),
      ],
    );
    const { jobs, failed } = await collectJobset(evaluation);

    expect(Object.fromEntries([...jobs].map(([name, { drvName }]) => [name, drvName]))).toEqual({
      a: 'a-x-1-2',
      b: 'b-1-abc',
      c: 'c-x-none',
      e: 'e-1',
    });
    expect(failed.get('d')?.message).toContain("called without required argument 'absent'");
  });
});

describe('a network jobset', () => {
  const files = {
    'net.nix': `{
      network = import <stand-in/base.nix> // { description = "a test"; ordering.tags = [ "db" ]; };
      defaults.nixpkgs.system = builtins.currentSystem;
      web01 = import ./hosts/web.nix;
      db01.deployment.tags = [ "db" ];
      unevaluable.environment.note = throw "no toplevel";
      broken = throw "bad host";
    }`,
    'hosts/web.nix': '{ environment.note = [ "web" ]; deployment.targetHost = "10.0.0.1"; }',
  };

  it('has a job per host, the same that the network gives outside of a jobset', async () => {
    const evaluation = await networkJobset(files);
    const { jobs } = await collectJobset(evaluation);
    const [source, packages] = evaluation.inputs.map(({ value }) =>
      value.kind === 'path' ? value.storePath : '',
    );

    expect([...jobs.keys()].toSorted()).toEqual(['db01', 'web01']);
    for (const [name, { drvPath }] of jobs) {
      const root = `(${networkRoot(`${source}/net.nix`, {})}).nodes.${name}.config.system.build.toplevel`;
      const argv = ['nix-instantiate', '-I', `stand-in=${packages}`, '--expr', root] as const;
      expect((await runProcess(argv)).stdout.trim()).toBe(drvPath);
    }
  });

  it('tells the network last, with all hosts of which that much evaluates', async () => {
    const { failed, network, results } = await collectJobset(await networkJobset(files));

    expect(failed.get('broken')?.message).toBe('bad host');
    expect(failed.get('unevaluable')).toMatchObject({
      message: 'no toplevel',
      position: { file: 'network/net.nix', line: 6 },
    });
    expect(results.at(-1)?.type).toBe('network');
    expect(network).toMatchObject({
      description: 'a test',
      orderingTags: ['db'],
      hosts: [
        { name: 'db01', tags: ['db'] },
        { name: 'unevaluable' },
        { name: 'web01', targetHost: '10.0.0.1' },
      ],
      brokenHosts: [{ name: 'broken', error: { message: 'bad host' } }],
    });
  });

  it('that is none fails as a whole', async () => {
    const { failed, network } = await collectJobset(await networkJobset({ 'net.nix': 'x: x' }));

    expect([...failed].map(([name, { message }]) => [name, message])).toEqual([
      ['', 'a Morph network must be an attribute set of hosts, but network/net.nix is a function'],
    ]);
    expect(network).toBeUndefined();
  });
});

describe('results', () => {
  it('come before the evaluation is over', async () => {
    const evaluation = await legacy(
      `with import ./lib.nix; {
        quick = sh "quick" "";
        slow = sh (import (sh "gate" "while ! test -e /tmp/proteus-gate; do sleep 0.1; done; echo '\\"slow\\"' > $out")) "";
      }`,
      [],
      { allowImportFromDerivation: true },
    );
    const opened = Promise.withResolvers<void>();
    const { results } = await collectJobset(
      evaluation,
      {
        buildImported: async () => {
          await opened.promise;
          return { ok: false, message: 'the gate is closed' };
        },
      },
      (result) => {
        if (result.type === 'job' && result.job.name === 'quick') opened.resolve();
      },
    );

    expect(results.map((result) => result.type)).toEqual(['job', 'failed']);
  });
});
