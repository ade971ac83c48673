import { describe, expect, it } from 'vitest';
import { canReusePort } from './can-reuse-port.ts';

describe('canReusePort', () => {
  it('is so on Linux, and not for an address that is not ours', async () => {
    expect(await canReusePort('127.0.0.1')).toBe(true);
    expect(await canReusePort('203.0.113.1')).toBe(false);
  });
});
