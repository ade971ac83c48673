import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import type { EvaluationRequest, EvaluationSettings } from './evaluation.ts';
import { workerSettings } from './worker-settings.ts';

const gibibyte = 2 ** 30;
const discovery: EvaluationRequest = { source: 'x', root: '{ }', jobs: 'discover', freshRoot: false };

function settings(given: EvaluationSettings, minor = 8, env = {}, request = discovery) {
  return workerSettings(request, given, { major: 2, minor }, env);
}

describe('workerSettings', () => {
  it('has a worker for each processor, but not more than jobs', () => {
    const oneJob: EvaluationRequest = { ...discovery, jobs: [{ name: 'a', attrPath: ['a'] }] };

    expect(settings({ memoryBudget: 1000 * gibibyte }).workers).toBe(availableParallelism());
    expect(settings({ workers: 4, memoryBudget: 8 * gibibyte }, 8, {}, oneJob).workers).toBe(1);
  });

  it('has fewer workers when there is little memory, and always one', () => {
    expect(settings({ workers: 8, memoryBudget: gibibyte }).workers).toBe(2);
    expect(settings({ workers: 8, memoryBudget: 1000 }).workers).toBe(1);
  });

  it('gives the heap at once, up to the worker’s share, where that helps', () => {
    const heap = (minor: number, budget: number): string | undefined =>
      settings({ workers: 1, memoryBudget: budget }, minor).env.GC_INITIAL_HEAP_SIZE;

    expect(heap(8, 16 * gibibyte)).toBe(String(1.5 * gibibyte));
    expect(heap(33, gibibyte)).toBe(String(Math.floor(0.6 * gibibyte)));
    expect(heap(34, 16 * gibibyte)).toBeUndefined();
  });

  it('leaves the heap to whoever chose it', () => {
    const env = { GC_INITIAL_HEAP_SIZE: '77' };

    expect(settings({}, 8, env).env.GC_INITIAL_HEAP_SIZE).toBe('77');
    expect(settings({ initialHeap: 5 }, 34, env).env.GC_INITIAL_HEAP_SIZE).toBe('5');
  });

  it('hands Nix settings and search path entries on', () => {
    const { argv } = settings({ nixOptions: { 'restrict-eval': 'true' }, includes: ['x=/y z'] });

    expect(argv).toEqual([
      'nix',
      'repl',
      '--log-format',
      'internal-json',
      '--show-trace',
      '--option',
      'restrict-eval',
      'true',
      '-I',
      'x=/y z',
    ]);
  });
});
