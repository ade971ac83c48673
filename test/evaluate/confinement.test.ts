/** What the code of a jobset cannot do: see the machine, build on it, speak in our name, or take others down with it. */

import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { evaluateJobset } from '../../src/evaluate/evaluate-jobset.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { temporaryFolder } from '../network/temporary-folder.ts';
import { repls } from './collect-evaluation.ts';
import { collectJobset, folderInput, input, legacy } from './jobset-fixture.ts';

const library = 'with import ./lib.nix; ';
const deps = {
  emit: () => {},
  keep: async () => {},
  buildImported: async () => ({ ok: false, message: 'never' }) as const,
};

describe('the code of a jobset', () => {
  it('sees its inputs, and nothing else of the machine', async () => {
    await using outside = await temporaryFolder({ 'secret.nix': '"secret"', 'x/default.nix': '"x"' });
    const cases: Readonly<Record<string, string>> = {
      file: `builtins.readFile "${outside.file('secret.nix')}"`,
      imported: `import "${outside.file('secret.nix')}"`,
      listed: 'toString (builtins.attrNames (builtins.readDir "/etc"))',
      copied: `"\${${outside.file('secret.nix')}}"`,
      fetched: `builtins.readFile (builtins.fetchurl "file://${outside.file('secret.nix')}")`,
      path: '<outside/secret.nix>',
      nixpkgs: 'import <nixpkgs>',
      up: 'import ../../../../../../../../../../../../etc/passwd',
      worker: `builtins.readFile "${path.resolve('nix/worker.nix')}"`,
    };
    const jobs = Object.entries(cases).map(([name, value]) => `${name} = sh (toString (${value})) "";`);
    const jobset = await legacy(
      `${library} { ${jobs.join('\n')} env = sh "env-\${builtins.getEnv "SECRET"}" "";
        inside = sh (import ./sub/name.nix) ""; sibling = sh (import <sibling/sub>) ""; }`,
      [await folderInput('sibling', { 'sub/default.nix': 'import ../name.nix', 'name.nix': '"sibling"' })],
    );
    const { results } = await withEnvironment(
      { SECRET: 'x', NIX_PATH: `outside=${outside.path}:nixpkgs=${outside.file('x')}` },
      () => collectJobset({ ...jobset, inputs: [...jobset.inputs] }),
    );
    const names = Object.fromEntries(
      results.flatMap((result) =>
        result.type === 'job' ? [[result.job.name, result.job.drvName] as const] : [],
      ),
    );
    const messages = Object.fromEntries(
      results.flatMap((result) =>
        result.type === 'failed' ? [[result.job, result.error.message] as const] : [],
      ),
    );

    expect(names).toEqual({ env: 'env-', sibling: 'sibling' });
    expect(Object.keys(messages).toSorted()).toEqual([...Object.keys(cases), 'inside'].toSorted());
    for (const name of Object.keys(cases)) {
      expect([name, messages[name]]).toEqual([
        name,
        expect.stringMatching(/forbidden in restricted mode|was not found in the Nix search path/),
      ]);
    }
  });

  it('may fetch what was fetched as an input, and from where it is said that it may', async () => {
    await using folder = await temporaryFolder({ 'allowed/a': 'a', 'other/a': 'a', 'repository/b': 'b' });
    const repository = folder.file('repository');
    for (const args of [
      ['init', '--quiet'],
      ['add', '.'],
      ['commit', '--quiet', '--message=one'],
    ]) {
      const who = ['-c', 'user.name=t', '-c', 'user.email=t@example.org'];
      await runProcess(['git', '-C', repository, ...who, ...args]);
    }
    const fetched = (from: string): string =>
      `sh (builtins.readFile (builtins.fetchurl "file://${folder.file(from)}")) ""`;
    const jobset = await legacy(
      `${library} {
        allowed = ${fetched('allowed/a')};
        other = ${fetched('other/a')};
        repository = sh (builtins.readFile "\${builtins.fetchGit "${repository}"}/b") "";
      }`,
      [input('code', { kind: 'string', value: '' }, { type: 'git', uri: repository })],
      { allowedUris: [`file://${folder.file('allowed')}/`] },
    );
    const { jobs, failed } = await collectJobset(jobset);

    expect([...jobs.keys()].toSorted()).toEqual(['allowed', 'repository']);
    expect([...failed.keys()]).toEqual(['other']);
  });

  it('cannot speak like a worker', async () => {
    const result = JSON.stringify({
      derivation: {
        name: 'evil',
        system: 'x',
        drvPath: `/nix/store/${'0'.repeat(32)}-evil.drv`,
        outputs: {},
      },
    });
    const nonce = '00000000000000000000000000000000';
    const said = [`${nonce} result ${result}`, `${nonce} end`].map((text) => JSON.stringify(text));
    const { jobs } = await collectJobset(
      await legacy(
        `${library} { a = builtins.trace ${said[0]} (builtins.trace ${said[1]} (sh "honest" "")); }`,
      ),
    );

    expect([...jobs.values()].map(({ drvName }) => drvName)).toEqual(['honest']);
  });

  it('that never ends, eats memory or has errors costs only its own job', async () => {
    const errors = Array.from({ length: 30 }, (_, index) => `e${index} = throw "error ${index}";`);
    const jobset = await legacy(
      `${library} {
        endless = let f = n: f (n + 1); in sh "endless-\${f 0}" "";
        hoard = let f = list: if builtins.length list > 100000000 then 0 else f (list ++ list);
          in builtins.seq (f [ 1 2 ]) (sh "hoard" "");
        recursion = let x = x; in x;
        a = sh "a" ""; b.c = sh "c" "";
        ${errors.join('\n')}
      }`,
      [],
      { settings: { workers: 2, memoryBudget: 600 * 2 ** 20, jobTimeoutMs: 20_000 } },
    );
    const { jobs, failed } = await collectJobset(jobset);

    expect([...jobs.keys()].toSorted()).toEqual(['a', 'b.c']);
    expect(failed.size).toBe(33);
    expect(failed.get('e29')?.message).toBe('error 29');
    expect(failed.get('endless')?.message).toMatch(/took longer than 20000 ms|stack overflow/);
    expect(failed.get('hoard')?.message).toMatch(/needs more than 600 MiB of memory/);
    expect(failed.get('recursion')?.message).toMatch(/^infinite recursion encountered/);
  });

  it('that goes on for ever in sets of sets ends', async () => {
    const { jobs, failed } = await collectJobset(
      await legacy(`${library} let set = { self = set; a = sh "a" ""; }; in { inherit set; }`),
    );

    expect(jobs.size).toBe(31);
    expect([...failed.values()].map(({ message }) => message)).toEqual([
      expect.stringMatching(/^set(?:\.self)+ is not looked into, .* most likely a set contains itself$/),
    ]);
  });
});

describe('an evaluation', () => {
  it('whose root is broken is one failed job without a name', async () => {
    const broken: Readonly<Record<string, RegExp>> = {
      '{ a = ; }': /^syntax error, unexpected ';'/,
      'throw "all of it"': /^all of it$/,
      'import ./missing.nix': /missing\.nix/,
      '{ needed }: { }': /called without required argument 'needed'/,
    };
    for (const [text, message] of Object.entries(broken)) {
      const { failed, jobs } = await collectJobset(await legacy(text));

      expect([...failed]).toEqual([
        ['', expect.objectContaining({ message: expect.stringMatching(message) })],
      ]);
      expect(jobs.size).toBe(0);
    }
  });

  it('whose expression is nowhere says what is wanted', async () => {
    const jobset = await legacy('{ }', [input('text', { kind: 'string', value: '' })]);
    const wrong: Readonly<Record<string, { readonly input: string; readonly path: string }>> = {
      "tests:legacy: the Nix expression should be in the input 'none', but the jobset has no such input": {
        input: 'none',
        path: 'jobs.nix',
      },
      "tests:legacy: the Nix expression should be in the input 'text', but the jobset has an input of type string by that name":
        { input: 'text', path: 'jobs.nix' },
      "tests:legacy: the path '../../etc/passwd' leads out of the input 'jobs'": {
        input: 'jobs',
        path: '../../etc/passwd',
      },
    };
    for (const [message, where] of Object.entries(wrong)) {
      const { failed } = await collectJobset({ ...jobset, expression: { type: 'legacy', ...where } });

      expect(failed.get('')?.message).toBe(message);
    }
  });

  it('ends with its signal, and with the loop that takes its results', async () => {
    const jobset = await legacy(
      `${library} { a = sh "a" ""; endless = let f = n: if n < 0 then n else f (n - n + 1); in f 1; }`,
      [],
      { settings: { workers: 2 } },
    );
    const stop = new AbortController();
    const run = (async () => {
      for await (const _ of evaluateJobset(jobset, { ...deps, signal: stop.signal })) stop.abort();
    })();
    await expect(run).rejects.toMatchObject({ code: 'interrupted' });
    expect(await repls()).toEqual([]);

    for await (const result of evaluateJobset(jobset, deps)) {
      expect(result.type).toBe('job');
      break;
    }
    expect(await repls()).toEqual([]);
  });

  it('fails when a derivation cannot be kept', async () => {
    const keep = async (): Promise<void> => {
      throw new Error('no space for roots');
    };
    const run = collectJobset(await legacy(`${library} { a = sh "a" ""; }`), { keep });

    await expect(run).rejects.toThrow('no space for roots');
  });
});

async function withEnvironment<T>(more: Readonly<Record<string, string>>, run: () => Promise<T>): Promise<T> {
  const before = { ...process.env };
  Object.assign(process.env, more);
  try {
    return await run();
  } finally {
    for (const name of Object.keys(more)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}
