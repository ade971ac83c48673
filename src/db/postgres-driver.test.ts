import { describe, expect, it } from 'vitest';
import { withoutPassword } from './postgres-driver.ts';

describe('withoutPassword', () => {
  it.each([
    ['postgres://alice:se:cr%40et@host/x', 'postgres://alice@host/x'],
    ['postgres://alice@host/x', 'postgres://alice@host/x'],
    ['postgres://host:5432/x', 'postgres://host:5432/x'],
    ['postgres://:secret@host/x', 'postgres://@host/x'],
    ['postgres:///x?user=alice&password=secret&host=/run', 'postgres:///x?user=alice&password=…&host=/run'],
  ])('%s becomes %s', (url, expected) => {
    expect(withoutPassword(url)).toBe(expected);
  });
});
