import { describe, expect, it } from 'vitest';
import { runProcess } from '../../src/process/run-process.ts';
import { machineTime, machineTimeOf, processorTime, processorTimeOf } from './processor-time.ts';

describe('processorTimeOf', () => {
  it('adds up user and kernel time, of the process and of its children', () => {
    const stat = '7 (a) b 1) S 1 7 7 0 -1 4194304 100 200 3 4 1000 200 30 4 20 0 1 0 5000 1024 300';

    expect(processorTimeOf(stat)).toBe(12_340);
  });
});

describe('processorTime', () => {
  it('grows by what a child used', async () => {
    const before = await processorTime();
    const busy = 'const start = process.cpuUsage(); while (process.cpuUsage(start).user < 200_000);';

    await runProcess([process.execPath, '-e', busy]);

    expect((await processorTime()) - before).toBeGreaterThanOrEqual(200);
  });
});

describe('machineTimeOf', () => {
  it('adds up all but waiting', () => {
    const stat = 'cpu  100 20 300 9999 888 4 50 6 70 8\ncpu0 1 1 1 1 1 1 1 1 1 1\n';

    expect(machineTimeOf(stat)).toBe(4800);
  });
});

describe('machineTime', () => {
  it('grows by what a child used', async () => {
    const before = await machineTime();
    const busy = 'const start = process.cpuUsage(); while (process.cpuUsage(start).user < 200_000);';

    await runProcess([process.execPath, '-e', busy]);

    expect((await machineTime()) - before).toBeGreaterThanOrEqual(200);
  });
});
