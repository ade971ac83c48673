import { describe, expect, it } from 'vitest';
import { cacheChange } from './cache-settings.ts';

describe('cacheChange', () => {
  it('is what is given, and nothing else', () => {
    expect(JSON.stringify(cacheChange({}))).toBe('{}');
    expect(cacheChange({ public: true, priority: 10, quota: '2 GiB', key: ['b-1', 'c-1'] })).toEqual({
      isPrivate: false,
      priority: 10,
      quota: 2 * 1024 ** 3,
      keys: ['b-1', 'c-1'],
    });
    expect(cacheChange({ quota: 'none', private: true })).toMatchObject({ quota: null, isPrivate: true });
  });

  it.each([
    [{ private: true, public: true }, 'wanted --private or --public, not both'],
    [{ quota: 'much' }, `--quota wants a size such as "50 GiB", or "none"; got 'much'`],
    [{ priority: -1 }, '--priority wants a number from 0, got -1'],
  ])('refuses %o', (flags, message) => {
    expect(() => cacheChange(flags)).toThrow(message);
  });
});
