import { describe, expect, it } from 'vitest';
import { workerDeath } from './worker-death.ts';

const death = {
  exit: { code: null, signal: 'SIGKILL' },
  lastWords: '',
  killed: undefined,
  alone: false,
  budget: 2 ** 30,
  jobTimeoutMs: 5000,
} as const;

describe('workerDeath', () => {
  it('gives the job another try when something else killed the worker', () => {
    expect(workerDeath(death)).toEqual({ reason: 'a worker was killed by SIGKILL', failure: undefined });
  });

  it('fails the job when that happens again, alone', () => {
    expect(workerDeath({ ...death, alone: true }).failure).toBe(
      'the evaluation worker was killed by SIGKILL, twice; the system may have run out of memory',
    );
  });

  it('tells the exit code of a worker that ended by itself', () => {
    expect(workerDeath({ ...death, exit: { code: 1, signal: null } }).reason).toBe(
      'a worker ended with exit code 1',
    );
  });

  it('gives another try after the memory ran short, and none when the job was alone', () => {
    expect(workerDeath({ ...death, killed: 'memory' })).toEqual({
      reason: 'the workers held more than 1.0 GiB of memory together',
      failure: undefined,
    });
    expect(workerDeath({ ...death, killed: 'memory', alone: true }).failure).toBe(
      'the evaluation needs more than 1.0 GiB of memory, even when nothing runs beside it',
    );
  });

  it('fails at once what would only happen again', () => {
    expect(workerDeath({ ...death, killed: 'timeout' }).failure).toBe(
      'the evaluation took longer than 5000 ms',
    );
    const lastWords = 'error: stack overflow (possible infinite recursion)';
    expect(workerDeath({ ...death, exit: { code: 1, signal: null }, lastWords }).failure).toBe(
      'stack overflow: most likely a recursion without end',
    );
  });
});
