import { describe, expect, it } from 'vitest';
import { createSpareBuffers } from './spare-buffers.ts';

describe('createSpareBuffers', () => {
  it('gives memory out again, in the size that is wanted', () => {
    const spare = createSpareBuffers(100, 2);
    const first = spare.take(60);
    expect(first).toHaveLength(60);
    spare.give(first);
    const second = spare.take(100);
    expect(second).toHaveLength(100);
    expect(second.buffer).toBe(first.buffer);
    expect(spare.take(100).buffer).not.toBe(first.buffer);
  });

  it('keeps only so many, and none that is larger than usual', () => {
    const spare = createSpareBuffers(100, 1);
    const [a, b, large] = [spare.take(100), spare.take(100), spare.take(101)];
    expect(large).toHaveLength(101);
    for (const buffer of [large, a, b]) spare.give(buffer);
    expect(spare.take(1).buffer).toBe(a.buffer);
    expect(spare.take(1).buffer).not.toBe(b.buffer);
  });
});
