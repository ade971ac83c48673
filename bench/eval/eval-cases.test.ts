import { describe, expect, it } from 'vitest';
import { evalCases, type Measurements } from './eval-cases.ts';
import type { Measurement } from './evaluation.ts';

const mebibyte = 2 ** 20;

function measurement(wallMs: number, firstMs?: number): Measurement {
  return { wallMs, firstMs, processorMs: wallMs * 2, others: 0, peak: wallMs * mebibyte, drvPaths: [] };
}

const round = {
  ours: [measurement(4000, 1000)],
  'one process': [measurement(10_000)],
  'two processes': [measurement(3200)],
};
const measured: Measurements = {
  cold: round,
  warm: { ...round, ours: [measurement(5000, 3000), measurement(5200, 3200), measurement(900, 800)] },
};

function line(isBinding: boolean, name: string, peerName: string) {
  return evalCases(measured, 'net', isBinding).find(
    (found) => found.case === name && found.peerName === peerName,
  );
}

describe('evalCases', () => {
  it('has the same lines for a cold store as for a warm one', () => {
    const names = evalCases(measured, 'net', true).map((found) => `${found.case}: ${found.peerName}`);

    expect(names.slice(0, 7)).toEqual([
      'net, cold store: wall: one process',
      'net, cold store: wall: two processes',
      'net, cold store: first result: one process',
      'net, cold store: processor time: one process',
      'net, cold store: processor time: two processes',
      'net, cold store: peak memory: one process',
      'net, cold store: peak memory: two processes',
    ]);
    expect(names.slice(7)).toEqual(names.slice(0, 7).map((name) => name.replace('cold', 'warm')));
  });

  it('holds wall time in a warm store to both peers', () => {
    const name = 'net, warm store: wall';

    expect(line(true, name, 'one process')).toMatchObject({
      ours: 5,
      peer: 10,
      target: '<= 0.45',
      ok: false,
    });
    expect(line(true, name, 'two processes')).toMatchObject({ peer: 3.2, target: '<= 1.15', ok: false });
  });

  it('holds wall time in a cold store to the same bars', () => {
    const name = 'net, cold store: wall';

    expect(line(true, name, 'one process')).toMatchObject({ ours: 4, peer: 10, target: '<= 0.45', ok: true });
    expect(line(true, name, 'two processes')).toMatchObject({ ratio: 1.25, target: '<= 1.15', ok: false });
  });

  it('compares our first result with all of the one process', () => {
    const result = line(true, 'net, cold store: first result', 'one process');

    expect(result).toMatchObject({ ours: 1, peer: 10, target: '<= 0.25', ok: true });
    expect(line(true, 'net, warm store: first result', 'one process')).toMatchObject({ ours: 3, ok: false });
  });

  it('only reports processor time and memory', () => {
    const time = line(true, 'net, cold store: processor time', 'one process');
    const memory = line(true, 'net, cold store: peak memory', 'two processes');

    expect(time).toMatchObject({ ours: 8, peer: 20, unit: 's', target: null });
    expect(memory).toMatchObject({ ours: 4000, peer: 3200, unit: 'MiB', target: null });
  });

  it('has no bar at all for a network that they are not meant for', () => {
    expect(evalCases(measured, 'net', false).every(({ target, ok }) => target === null && ok)).toBe(true);
  });
});
