import { describe, expect, it } from 'vitest';
import { runProcess } from '../../process/run-process.ts';
import type { HostSession, RunOnHostOptions } from '../session/host-session.ts';
import { hostVerb } from './host-verb.ts';

/** A host that answers with `lines`. */
function hostThatSays(lines: readonly string[], code = 0) {
  const calls: { words: readonly string[]; options: RunOnHostOptions }[] = [];
  const run: HostSession['run'] = async (words, options) => {
    calls.push({ words, options });
    for (const line of lines) options.onLine(line);
    return code;
  };
  // Only what a verb uses of a session.
  const session = { host: { name: 'web01', target: { host: 'web01' } }, run } as unknown as HostSession;
  const ask = () => hostVerb(session, 'keep', 'r1', [], { signal: AbortSignal.timeout(10_000) });
  return { ask, calls };
}

describe('hostVerb', () => {
  it('takes an answer apart, and passes by what others print', async () => {
    const { ask, calls } = hostThatSays([
      'bash: warning: setlocale',
      'proteus: = state=kept',
      'proteus: = exit=0',
      'proteus: = something-newer=1',
      'proteus: .',
    ]);
    expect((await ask()).state).toEqual({ state: 'kept', exit: '0' });
    expect(calls[0]?.options.asRoot).toBe(true);
    expect(calls[0]?.words.slice(-3)).toEqual(['proteus', 'keep', 'r1']);
  });

  it.each([
    [['proteus: = state=fine', 'proteus: .'], 0],
    [['proteus: = state=kept', 'proteus: = toplevel=/etc/passwd', 'proteus: .'], 0],
    [['proteus: = exit=$(id)', 'proteus: .'], 0],
    [['sh: head: not found'], 127],
    [[], 0],
  ])('refuses %j with exit code %i', async (lines, code) => {
    await expect(hostThatSays(lines, code).ask()).rejects.toMatchObject({
      code: 'deploy.host-answer',
      message: expect.stringContaining(`web01: what was asked of it (keep) ended with exit code ${code}`),
    });
  });

  it.each([
    ['proteus: locked r2 1700000000', 'web01: rollout r2 works on it since 2023-11-14T22:13:20.000Z'],
    ['proteus: locked $(id) soon', 'web01: another rollout works on it since a while ago'],
  ])('names who holds the host: %s', async (line, message) => {
    await expect(hostThatSays([line]).ask()).rejects.toMatchObject({ code: 'deploy.locked', message });
  });

  it('has a name of a rollout that no shell takes for something else', async () => {
    await expect(
      hostVerb({ host: { name: 'web01' } } as unknown as HostSession, 'keep', 'a; b', [], {
        signal: AbortSignal.timeout(1000),
      }),
    ).rejects.toThrow('a; b cannot name a rollout');
  });

  it('sends a script that shells can read', async () => {
    for (const part of ['common', 'supervisor', 'launch', 'verbs']) {
      for (const shell of ['sh', 'bash']) {
        const script = `${import.meta.dirname}/host/${part}.sh`;
        expect((await runProcess([shell, '-n', script])).stderr).toBe('');
      }
    }
  });
});
