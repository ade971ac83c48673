import { availableParallelism } from 'node:os';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { daemonOptions, sameDaemonOptions, setOptions } from './daemon-options.ts';
import type { BuildOptions } from './store.ts';
import { WireEncoder } from './wire-encoder.ts';
import { WireReader } from './wire-reader.ts';

async function written(base: Record<string, string>, build?: BuildOptions) {
  const encoder = new WireEncoder();
  setOptions(daemonOptions(base, build)).write(encoder);
  const reader = new WireReader(Readable.from([encoder.take()], { objectMode: false }));
  const fields: number[] = [];
  for (let i = 0; i < 12; i++) fields.push(await reader.u64());
  return { fields, settings: Object.fromEntries(await reader.map(() => reader.string())) };
}

describe('setOptions', () => {
  it('says what Nix would say by itself when nothing is asked for', async () => {
    expect(await written({})).toEqual({
      fields: [0, 0, 0, 3, availableParallelism(), 0, 1, 0, 0, 0, 0, 1],
      settings: {},
    });
  });

  it('says the limits of a build, and settings by name over those of the store', async () => {
    const { fields, settings } = await written(
      { cores: '2', 'max-jobs': '0', substitute: 'false', fallback: 'true', builders: '@/etc/nix/machines' },
      {
        keepGoing: true,
        maxSilentSeconds: 60,
        timeoutSeconds: 600,
        maxLogBytes: 99,
        settings: { builders: '' },
      },
    );
    expect(fields).toEqual([0, 1, 1, 3, 0, 60, 1, 0, 0, 0, 2, 0]);
    expect(settings).toEqual({
      builders: '',
      cores: '2',
      fallback: 'true',
      'max-build-log-size': '99',
      'max-jobs': '0',
      substitute: 'false',
      timeout: '600',
    });
  });

  it('leaves to the daemon what is no number', async () => {
    const { fields, settings } = await written({ 'max-jobs': 'auto' });
    expect(fields[4]).toBe(availableParallelism());
    expect(settings).toEqual({ 'max-jobs': 'auto' });
  });
});

describe('sameDaemonOptions', () => {
  it('does not depend on the order of settings', () => {
    const one = daemonOptions({ a: '1', b: '2' }, undefined);
    expect(sameDaemonOptions(one, daemonOptions({ b: '2' }, { settings: { a: '1' } }))).toBe(true);
    expect(sameDaemonOptions(one, daemonOptions({ b: '2' }, { settings: { a: '2' } }))).toBe(false);
    expect(sameDaemonOptions(one, daemonOptions({ a: '1', b: '2' }, { keepGoing: true }))).toBe(false);
  });
});
