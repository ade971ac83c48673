/** Jobs as Hydra's own tests have them, and the jobset of the story that Proteus began with. */

import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ResolvedInput } from '../../src/inputs/input.ts';
import { parseDerivation } from '../../src/nix/parse-derivation.ts';
import { parseStorePath } from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { collectJobset, folderInput, input, legacy, standIn } from './jobset-fixture.ts';

const library = 'with import ./lib.nix; ';

describe('a job', () => {
  it('has the meta that is of use', async () => {
    const { jobs } = await collectJobset(
      await legacy(`${library} {
        full = sh "full" "" // { meta = {
          description = "all of it"; homepage = "https://example.org"; schedulingPriority = 7; timeout = 60; maxSilent = 30;
          isChannel = true; license = [ { shortName = "MIT"; } "BSD" ];
          maintainers = [ { email = "alice@example.com"; } "bob@not.found" ];
        }; };
        none = sh "none" "";
        broken = sh "broken" "" // { meta = { description = throw "no"; timeout = 5; }; };
        worse = sh "worse" "" // { meta.description = null.x; };
      }`),
    );
    const nothing = {
      description: null,
      license: null,
      homepage: null,
      maintainers: null,
      schedulingPriority: 100,
      timeout: null,
      maxSilent: null,
      isChannel: false,
    };

    expect(jobs.get('full')?.meta).toEqual({
      description: 'all of it',
      license: 'MIT, BSD',
      homepage: 'https://example.org',
      maintainers: 'alice@example.com, bob@not.found',
      schedulingPriority: 7,
      timeout: 60,
      maxSilent: 30,
      isChannel: true,
    });
    expect(jobs.get('none')?.meta).toEqual(nothing);
    expect(jobs.get('broken')?.meta).toEqual({ ...nothing, timeout: 5 });
    expect(jobs.get('worse')?.meta).toEqual(nothing);
  });

  it('may use the output of a build as its input, once there is one', async () => {
    const text = `${library} {
      build1 = sh "build1" "echo > $out";
      build2 = { build1 }: with_ { inherit build1; from = build1.drvPath; } "build2" "echo > $out";
    }`;
    const first = await collectJobset(await legacy(text, [input('build1', { kind: 'absent' })]));
    const build1 = first.jobs.get('build1');
    const storePath = build1?.outputs.get('out');
    if (build1 === undefined || storePath === undefined) throw new Error('no build1');
    await runProcess(['nix-store', '--realise', build1.drvPath]);
    const { drvPath } = build1;
    const second = await collectJobset(
      await legacy(text, [
        input('build1', { kind: 'path', storePath, attributes: {}, drvPath }, { type: 'build' }),
      ]),
    );
    const build2 = second.jobs.get('build2');

    expect([...first.jobs.keys()]).toEqual(['build1']);
    expect(first.failed.get('build2')?.message).toContain("called without required argument 'build1'");
    expect([...second.failed]).toEqual([]);
    if (build2 === undefined) throw new Error('no build2');
    const { env, inputSources } = parseDerivation(await readFile(build2.drvPath), build2.drvPath);
    expect(env.get('build1')).toBe(storePath);
    expect(env.get('from')).toBe(drvPath);
    expect(inputSources).toEqual(expect.arrayContaining([drvPath, storePath]));
  });

  it('may use the builds of another evaluation', async () => {
    const { stdout } = await runProcess([
      'nix-store',
      '--add',
      path.join(import.meta.dirname, 'jobs.test.ts'),
    ]);
    const built = parseStorePath(stdout.trim());
    const { jobs } = await collectJobset(
      await legacy(`{ other }: ${library} { a = with_ { x = other.deep.job; } "a" ""; }`, [
        input('other', { kind: 'builds', outputs: { 'deep.job': built } }, { type: 'eval' }),
      ]),
    );
    const drvPath = jobs.get('a')?.drvPath ?? '';

    expect(parseDerivation(await readFile(drvPath), drvPath).inputSources).toContain(built);
  });
});

describe('the jobset of the story', () => {
  it('has the machine as its job, with the store path that a network jobset gives', async () => {
    const network = {
      'network.nix': `{
        network = import <stand-in/base.nix>;
        eiffel = { ... }: { nixpkgs.system = "aarch64-linux"; environment.note = [ "eiffel" ]; };
      }`,
      'hydra/eiffel.nix': 'import ./default.nix { machine = "eiffel"; }\n',
      'hydra/default.nix': `{ machine }:
{ ... }:
let
  nixpkgs = import <nixpkgs> {};
  evaluateMorph = networkExpr: import "\${nixpkgs.morph.lib}/eval-machines.nix" {
    inherit networkExpr;
  };
  morphResult = evaluateMorph ../network.nix;
in {
  "\${machine}" = morphResult.nodes.\${machine};
}
`,
    };
    const inputs = [await folderInput('network', network), await nixpkgsWithMorph(), await standIn()];
    const common = { name: 'story:eiffel', settings: {}, inputs } as const;
    const story = await collectJobset({
      ...common,
      expression: { type: 'legacy', input: 'network', path: 'hydra/eiffel.nix' },
      allowImportFromDerivation: true,
    });
    const plain = await collectJobset({
      ...common,
      expression: { type: 'network', input: 'network', path: 'network.nix' },
      allowImportFromDerivation: false,
    });

    expect([...story.failed]).toEqual([]);
    expect([...story.jobs.keys()]).toEqual(['eiffel']);
    expect(story.built).toHaveLength(1);
    expect(story.jobs.get('eiffel')).toMatchObject({ system: 'aarch64-linux' });
    expect(plain.jobs.get('eiffel')?.drvPath).toBe(story.jobs.get('eiffel')?.drvPath);
  });
});

/** An input `nixpkgs` with Morph's expressions (ours, which have the same contract) as the output of a derivation. */
async function nixpkgsWithMorph(): Promise<ResolvedInput> {
  const folder = path.join(import.meta.dirname, '../../nix');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.nix'));
  const files = await Promise.all(
    names.map(async (name) => [`morph/${name}`, await readFile(path.join(folder, name), 'utf8')]),
  );
  return folderInput('nixpkgs', {
    ...Object.fromEntries(files),
    'default.nix': `{ }: with import ./lib.nix; { morph.lib = with_ { src = ./morph; } "morph-lib" "cp -r $src $out"; }`,
  });
}
