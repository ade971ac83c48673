import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { evaluateJobs } from '../../src/evaluate/evaluate-jobs.ts';
import { networkRoot, toplevelAttrPath } from '../../src/network/network-root.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { fleet, temporaryFolder } from '../network/temporary-folder.ts';
import { collectEvaluation, jobsNamed, request, sh } from './collect-evaluation.ts';

const one = { workers: 1 };
describe('what comes out', () => {
  it('are the derivations that nix-instantiate makes', async () => {
    const root = networkRoot(fleet);
    const hosts = ['db01', 'db02', 'dotted.name', 'iso', 'web01'];
    const jobs = hosts.map((name) => ({ name, attrPath: toplevelAttrPath(name) }));
    const { ok, failed } = await collectEvaluation({ ...request(root, jobs), freshRoot: true });

    expect(failed.size).toBe(0);
    for (const name of hosts) {
      const attribute = `(${root}).nodes."${name}".config.system.build.toplevel`;
      const { stdout } = await runProcess(['nix-instantiate', '--expr', attribute]);
      expect(ok.get(name)?.drvPath).toBe(stdout.trim());
      expect(existsSync(stdout.trim())).toBe(true);
    }
    expect(ok.get('web01')).toMatchObject({
      attrPath: ['nodes', 'web01', 'config', 'system', 'build', 'toplevel'],
      drvName: 'nixos-system-web01',
      system: 'x86_64-linux',
    });
  });

  it('has all outputs', async () => {
    const root = `{ a = derivation { name = "a"; system = "x86_64-linux"; builder = "/bin/sh"; outputs = [ "out" "dev" ]; }; }`;
    const { ok } = await collectEvaluation(request(root, jobsNamed('a')));
    const outputs = ok.get('a')?.outputs;

    expect(outputs?.get('out')).toMatch(/^\/nix\/store\/[a-z0-9]{32}-a$/);
    expect(outputs?.get('dev')).toMatch(/^\/nix\/store\/[a-z0-9]{32}-a-dev$/);
  });

  it('has of meta what JSON can say', async () => {
    const root = `{ a = ${sh('a')} // { meta = {
      description = "an a"; priority = 5; broken = false; none = null;
      maintainers = [ { name = "x"; f = y: y; } (throw "no") ];
      helper = x: x; drv = ${sh('b')}; bad = throw "no"; file = /etc/x;
    }; }; }`;
    const { ok } = await collectEvaluation(request(root, jobsNamed('a')));

    expect(ok.get('a')?.meta).toEqual({
      description: 'an a',
      priority: 5,
      broken: false,
      none: null,
      maintainers: [{ name: 'x' }],
      file: '/etc/x',
    });
  });

  it('has the derivation even when its meta fails in a way that cannot be caught', async () => {
    const root = `{ a = ${sh('a')} // { meta.description = null.x; }; }`;
    const { ok, failed } = await collectEvaluation(request(root, jobsNamed('a')));

    expect(failed.size).toBe(0);
    expect(ok.get('a')?.meta).toEqual({});
  });

  it('is told as events, too', async () => {
    const root = `{ a = builtins.trace "hello" ${sh('a')}; b = throw "no"; }`;
    const { events } = await collectEvaluation(request(root, jobsNamed('a', 'b')), one);

    expect(events).toMatchObject([
      { type: 'evaluation.started', source: 'test', jobs: ['a', 'b'] },
      { type: 'evaluation.job.started', job: 'a' },
      { type: 'evaluation.job.message', job: 'a', text: 'trace: hello' },
      { type: 'evaluation.job.done', job: 'a' },
      { type: 'evaluation.job.started', job: 'b' },
      { type: 'evaluation.job.failed', job: 'b', error: { message: 'no' } },
      { type: 'evaluation.done', succeeded: 1, failed: 1 },
    ]);
  });

  it('is nothing for no jobs', async () => {
    expect((await collectEvaluation(request('throw "no"', []))).order).toEqual([]);
  });
});

describe('errors', () => {
  /** By line of the file, from 2 on. */
  const cases: readonly (readonly [name: string, expression: string, message: RegExp, hasPlace?: boolean])[] =
    [
      ['throw', 'throw "boom\\nsecond line"', /^boom\nsecond line$/],
      ['assert', `assert false; ${sh('x')}`, /^assertion 'false' failed$/],
      ['abort', 'abort "stop"', /^evaluation aborted with the following error message: 'stop'$/],
      ['missing', `(${sh('x')}).nothing.here`, /^attribute 'nothing' missing$/],
      ['type', '1 + "x"', /^cannot add a string to an integer$/],
      ['recursion', 'let x = x; in x', /^infinite recursion encountered$/],
      ['syntax', 'import ./syntax.nix', /^syntax error, unexpected ';'$/],
      ['file', 'import ./nothing.nix', /nothing\.nix('?: No such file or directory|' does not exist)$/],
      ['ifd', `import ${sh('failing', 'echo why it fails; exit 3')}`, /failing\.drv/],
      ['overflow', 'let f = n: 1 + f (n + 1); in f 0', /^stack overflow/],
      ['coercion', '"" + { }', /^cannot coerce a set to a string/],
      ['number', '5', /^number should be a derivation, but is of type int$/, false],
      ['set', '{ }', /^set should be a derivation, but is a set$/, false],
      [
        'pretender',
        '{ type = "derivation"; name = 5; system = [ ]; drvPath = "x"; outPath = "y"; out.outPath = "z"; }',
        /^this is no proper derivation/,
        false,
      ],
    ];
  const attributes = cases.map(([name, expression]) => `"${name}" = ${expression};`);
  const files = {
    'errors.nix': `{\n${attributes.join('\n')}\ngood = ${sh('good')};\n}\n`,
    'syntax.nix': '{\n  a = ;\n}\n',
  };

  it('are each about their own job, with message and place, whatever worker had it', async () => {
    await using folder = await temporaryFolder(files);
    const names = cases.map(([name]) => name);
    // `good` after each, so that what one leaves behind would hurt the next.
    const jobs = names.flatMap((name, index) => [
      { name, attrPath: [name] },
      { name: `good ${index}`, attrPath: ['good'] },
    ]);
    const root = `import ${folder.file('errors.nix')}`;
    const { ok, failed, events } = await collectEvaluation({ ...request(root, jobs), freshRoot: true }, one);

    expect(ok.size).toBe(names.length);
    expect([...failed.keys()].toSorted()).toEqual(names.toSorted());
    for (const [index, [name, , message, hasPlace]] of cases.entries()) {
      const error = failed.get(name)?.error;
      expect(error?.message).toMatch(message);
      // Of these two older versions know no place.
      const line = hasPlace === false ? undefined : name === 'syntax' ? 2 : index + 2;
      const known = name === 'overflow' || name === 'ifd' ? [line, undefined] : [line];
      expect(known).toContain(error?.position?.line);
      expect(error?.trace).not.toContain('\u001b');
      expect(error?.trace).not.toContain('proteusWorker');
    }
    expect(failed.get('syntax')?.error.position?.file).toBe(folder.file('syntax.nix'));
    expect(failed.get('ifd')?.error.trace).toContain('why it fails');
    const restarts = events.filter(({ type }) => type === 'evaluation.worker.restarted');
    // Of a stack overflow only, and only on older versions.
    expect(restarts.length).toBeLessThanOrEqual(1);
  });

  it('of the root are those of every job', async () => {
    const jobs = jobsNamed('a', 'b');
    const { failed } = await collectEvaluation(request('{ a = ', jobs));

    expect([...failed.values()].map(({ error }) => error.message)).toEqual([
      expect.stringMatching(/^syntax error, unexpected '\)'/),
      expect.stringMatching(/^syntax error, unexpected '\)'/),
    ]);
    expect((await collectEvaluation(request('throw "root"', jobs))).failed.get('b')?.error.message).toBe(
      'root',
    );
    expect(
      (await collectEvaluation(request('undefinedName', 'discover'))).failed.get('')?.error.message,
    ).toBe("undefined variable 'undefinedName'");
  });

  it('cannot be avoided by speaking like a worker', async () => {
    const forged = JSON.stringify({
      derivation: {
        name: 'evil',
        system: 'x',
        drvPath: `/nix/store/${'0'.repeat(32)}-evil.drv`,
        outputs: {},
      },
    });
    const say = (text: string, then: string): string => `builtins.trace ${JSON.stringify(text)} (${then})`;
    const nonce = '00000000000000000000000000000000';
    const root = `{ a = ${say(`${nonce} result ${forged}`, say(`${nonce} end`, sh('honest')))}; }`;
    const { ok, events } = await collectEvaluation(request(root, jobsNamed('a')));

    expect(ok.get('a')?.drvName).toBe('honest');
    expect(events.filter(({ type }) => type === 'evaluation.job.message')).toEqual([
      { type: 'evaluation.job.message', job: 'a', text: `trace: ${nonce} result ${forged}` },
      { type: 'evaluation.job.message', job: 'a', text: `trace: ${nonce} end` },
    ]);
  });
});

describe('discovery', () => {
  const root = `{ system, ... }: {
    top = derivation { name = "top"; inherit system; builder = "x"; };
    deep = { recurseForDerivations = true; inner = derivation { name = "inner"; inherit system; builder = "x"; }; "a.b" = { }; };
    hidden.never = derivation { name = "never"; inherit system; builder = "x"; };
    function = { system }: derivation { name = "called"; inherit system; builder = "x"; };
    lambda = x: throw "never called";
    number = 5;
    broken = throw "broken";
  }`;
  const args = { system: '"riscv64-linux"', unused: 'throw "unused"' };

  it('walks the root as Hydra does', async () => {
    const { ok, failed } = await collectEvaluation(request(root, 'discover', { args }));

    expect([...ok.keys()].toSorted()).toEqual(['deep.inner', 'function', 'top']);
    expect(ok.get('function')).toMatchObject({ drvName: 'called', system: 'riscv64-linux' });
    expect(ok.get('deep.inner')?.attrPath).toEqual(['deep', 'inner']);
    expect([...failed].map(([name, { error }]) => [name, error.message])).toEqual([['broken', 'broken']]);
  });

  it('goes into every set when it is told to', async () => {
    const { ok } = await collectEvaluation(request(root, 'discover', { args, forceRecurse: true }));

    expect([...ok.keys()].toSorted()).toEqual(['deep.inner', 'function', 'hidden.never', 'top']);
  });

  it('finds a root that is a derivation', async () => {
    const { ok } = await collectEvaluation(request(sh('only'), 'discover'));

    expect(ok.get('')?.drvName).toBe('only');
  });
});

describe('the root', () => {
  it('may be a text of many lines, with comments', async () => {
    const root = `# first\n{\n\ta = ${sh('a')}; # "quoted" \${x}\n}\n`;

    expect((await collectEvaluation(request(root, jobsNamed('a')))).ok.size).toBe(1);
  });

  it('may have arguments of any size', async () => {
    const args = { big: `"${'x'.repeat(300_000)}"` };
    const root = `{ big }: { a = ${sh('a')}; b = throw (toString (builtins.stringLength big)); }`;
    const { failed } = await collectEvaluation(request(root, 'discover', { args }));

    expect(failed.get('b')?.error.message).toBe('300000');
  });

  it('is evaluated anew for each job, or once for all', async () => {
    const root = `builtins.trace "root" { a = ${sh('a')}; b = ${sh('b')}; }`;
    const roots = async (freshRoot: boolean): Promise<number> => {
      const { events } = await collectEvaluation({ ...request(root, jobsNamed('a', 'b')), freshRoot }, one);
      return events.filter(({ type }) => type === 'evaluation.job.message').length;
    };

    expect(await roots(true)).toBe(2);
    expect(await roots(false)).toBe(1);
  });

  it('sees the search path and obeys the settings', async () => {
    await using folder = await temporaryFolder({ 'x/default.nix': sh('x'), 'y.nix': sh('y') });
    const root = `{ x = import <x>; y = import ${folder.file('y.nix')}; }`;
    const { ok, failed } = await collectEvaluation(request(root, jobsNamed('x', 'y')), {
      includes: [`x=${folder.file('x')}`],
      nixOptions: { 'restrict-eval': 'true' },
    });

    expect([...ok.keys()]).toEqual(['x']);
    expect(failed.get('y')?.error.message).toMatch(/forbidden in restricted mode/);
  });
});

describe('an installation', () => {
  it('without Nix is told as such', async () => {
    const jobs = evaluateJobs(request('{ }', jobsNamed('a')), one, {
      emit: () => {},
      env: { PATH: '/nowhere' },
    });

    await expect(jobs.next()).rejects.toMatchObject({ code: 'process.missing' });
  });

  it('whose repl does not start is told with what the repl says', async () => {
    const jobs = evaluateJobs(request('{ }', jobsNamed('a')), one, {
      emit: () => {},
      env: { ...process.env, NIX_REMOTE: 'nonsense://x' },
    });

    await expect(jobs.next()).rejects.toMatchObject({
      code: 'evaluation.worker',
      message: expect.stringMatching(/^nix repl did not start: .*nonsense/s),
    });
  });
});
