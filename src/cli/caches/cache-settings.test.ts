import { describe, expect, it } from 'vitest';
import { cacheSettings } from './cache-settings.ts';

const before = { isPrivate: true, priority: 40, quota: 1024, keys: ['a-1'] };

describe('cacheSettings', () => {
  it('changes what is given and leaves the rest', () => {
    expect(cacheSettings({}, before)).toEqual(before);
    expect(
      cacheSettings({ public: true, priority: 10, quota: '2 GiB', key: ['b-1', 'c-1'] }, before),
    ).toEqual({
      isPrivate: false,
      priority: 10,
      quota: 2 * 1024 ** 3,
      keys: ['b-1', 'c-1'],
    });
    expect(cacheSettings({ quota: 'none', private: true }, { ...before, isPrivate: false })).toEqual({
      ...before,
      quota: null,
    });
  });

  it.each([
    [{ private: true, public: true }, 'wanted --private or --public, not both'],
    [{ quota: 'much' }, `--quota wants a size such as "50 GiB", or "none"; got 'much'`],
    [{ priority: -1 }, '--priority wants a number from 0, got -1'],
  ])('refuses %o', (flags, message) => {
    expect(() => cacheSettings(flags, before)).toThrow(message);
  });
});
