import { describe, expect, it } from 'vitest';
import { AppError } from '../../util/app-error.ts';
import type { HostSession } from '../session/host-session.ts';
import { persist } from './persist.ts';

/** Only what `persist` uses of a session. */
function sessionOf(resets: string[]): HostSession {
  return { reset: async () => void resets.push('reset') } as unknown as HostSession;
}
const lost = () => new AppError('deploy.connection-lost', 'web01: the connection was lost');

describe('persist', () => {
  it('asks again over a new login until an answer comes', async () => {
    const resets: string[] = [];
    const lines: string[] = [];
    let tries = 0;
    const work = async (): Promise<string> => {
      tries += 1;
      if (tries < 3) throw lost();
      return 'answer';
    };
    const options = {
      signal: AbortSignal.timeout(20_000),
      patienceMs: 20_000,
      onLine: (line: string) => void lines.push(line),
    };
    expect(await persist(sessionOf(resets), work, options)).toBe('answer');
    expect(resets).toHaveLength(2);
    expect(lines).toEqual(['the connection was lost; trying to reach it again']);
  });

  it('gives up when it has heard nothing for too long', async () => {
    const options = { signal: AbortSignal.timeout(20_000), patienceMs: -1, onLine: () => {} };
    await expect(persist(sessionOf([]), () => Promise.reject(lost()), options)).rejects.toThrow(
      'the connection was lost',
    );
  });

  it('does not try again what says more than that', async () => {
    const resets: string[] = [];
    const options = { signal: AbortSignal.timeout(20_000), patienceMs: 20_000, onLine: () => {} };
    const work = () => Promise.reject(new AppError('deploy.locked', 'web01: rollout r1 works on it'));
    await expect(persist(sessionOf(resets), work, options)).rejects.toMatchObject({ code: 'deploy.locked' });
    expect(resets).toEqual([]);
  });
});
