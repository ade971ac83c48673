import { describe, expect, it } from 'vitest';
import type { ProteusEvent } from '../../events/event.ts';
import { commandCheck, httpCheck } from '../testing/checks-of.ts';
import { type RunChecksOptions, runChecks } from './run-checks.ts';
import type { RunCommand } from './try-command.ts';

type Checked = Extract<ProteusEvent, { type: 'host.check' }>;

function options(
  runCommand: RunCommand,
  change: Partial<RunChecksOptions> = {},
): RunChecksOptions & { readonly told: Checked[] } {
  const told: Checked[] = [];
  return {
    host: '127.0.0.1',
    name: 'web01',
    kind: 'health',
    runCommand,
    timeoutSeconds: 0,
    signal: new AbortController().signal,
    emit: (event) => {
      if (event.type === 'host.check') told.push(event);
    },
    told,
    ...change,
  };
}

/** Says `busy` and exits with 1 so many times, then with 0. */
function failing(times: number): RunCommand {
  let left = times;
  return async (_words, { onLine }) => {
    onLine('busy');
    onLine('still');
    left -= 1;
    return left < 0 ? 0 : 1;
  };
}

/** Never ends by itself; counts those that run. */
function hanging(): { readonly run: RunCommand; running: number } {
  const state = {
    running: 0,
    run: ((_words, { signal }) => {
      state.running += 1;
      return new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => {
          state.running -= 1;
          reject(new Error('ended'));
        }),
      );
    }) satisfies RunCommand,
  };
  return state;
}

describe('runChecks', () => {
  it('is done at once when there is nothing to check', async () => {
    const given = options(failing(0));

    await runChecks({ cmd: [], http: [] }, given);

    expect(given.told).toEqual([]);
  });

  it('tries again until a check has succeeded once, and tells each try', async () => {
    const given = options(failing(2), { kind: 'pre-deploy' });

    await runChecks({ cmd: [commandCheck(['true'])], http: [] }, given);

    const failed = { ok: false, reason: 'output: busy\nstill' };
    const common = { type: 'host.check', host: 'web01', kind: 'pre-deploy', description: 'true' };
    expect(given.told).toEqual([
      { ...common, ...failed },
      { ...common, ...failed },
      { ...common, ok: true },
    ]);
  });

  it('runs all checks at the same time', async () => {
    const seen = new Set<string>();
    // Each waits until all have begun.
    const run: RunCommand = async (words) => {
      seen.add(words.join(' '));
      while (seen.size < 3) await new Promise((resolve) => setTimeout(resolve, 1));
      return 0;
    };

    await runChecks({ cmd: ['a', 'b', 'c'].map((word) => commandCheck([word])), http: [] }, options(run));

    expect([...seen]).toEqual(['a', 'b', 'c']);
  });

  it('ends a try that takes too long, and tries again', async () => {
    const hang = hanging();
    let tries = 0;
    const given = options((words, rest) => {
      tries += 1;
      return tries === 1 ? hang.run(words, rest) : Promise.resolve(0);
    });

    await runChecks({ cmd: [commandCheck(['slow'], { timeout: 0.02 })], http: [] }, given);

    expect(given.told.map(({ reason }) => reason)).toEqual(['Timeout after 0.02s', undefined]);
    expect(hang.running).toBe(0);
  });

  it('gives up when the time for all is over, says which failed and why, and leaves nothing running', async () => {
    const hang = hanging();
    const given = options(
      (words, rest) =>
        words[0] === 'hang'
          ? hang.run(words, rest)
          : words[0] === 'good'
            ? Promise.resolve(0)
            : failing(9)(words, rest),
      { timeoutSeconds: 0.15 },
    );
    const cmd = [commandCheck(['hang'], { timeout: 0 }), commandCheck(['good']), commandCheck(['bad'])];

    await expect(runChecks({ cmd, http: [] }, given)).rejects.toMatchObject({
      code: 'deploy.check-failed',
      message:
        'web01: health checks did not succeed within 0.15 seconds: hang (no try ended), bad (output: busy\nstill)',
    });
    expect(hang.running).toBe(0);
    const count = given.told.length;
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(given.told).toHaveLength(count);
  });

  it('ends everything when the signal fires', async () => {
    const hang = hanging();
    const abort = new AbortController();
    const given = options(hang.run, { signal: abort.signal });
    const running = runChecks({ cmd: [commandCheck(['a']), commandCheck(['b'])], http: [] }, given);
    while (hang.running < 2) await new Promise((resolve) => setTimeout(resolve, 1));

    abort.abort();

    await expect(running).rejects.toMatchObject({ code: 'interrupted' });
    expect([hang.running, given.told]).toEqual([0, []]);
  });

  it('takes a command that cannot be run for a try that failed', async () => {
    let tries = 0;
    const given = options(async () => {
      tries += 1;
      if (tries === 1) throw new Error('the connection was lost');
      return 0;
    });

    await runChecks({ cmd: [commandCheck(['true'])], http: [] }, given);

    expect(given.told.map(({ reason }) => reason)).toEqual(['the connection was lost', undefined]);
  });

  it('fails a check without a command, in words', async () => {
    const given = options(failing(0), { timeoutSeconds: 0.01 });

    await expect(runChecks({ cmd: [commandCheck(null)], http: [] }, given)).rejects.toThrow(
      'nothing (error: No command specified)',
    );
  });

  it('asks URLs beside running commands', async () => {
    const given = options(failing(0), { timeoutSeconds: 0.2 });

    // Port 9 of ourselves: nobody listens.
    await expect(runChecks({ cmd: [commandCheck(['true'])], http: [httpCheck(9)] }, given)).rejects.toThrow(
      /page \(Get "http:\/\/127\.0\.0\.1:9\/": .*ECONNREFUSED/,
    );
    expect(given.told.filter(({ ok }) => ok)).toHaveLength(1);
  });
});
