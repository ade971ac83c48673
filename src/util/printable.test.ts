import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable } from './printable.ts';

describe('printable', () => {
  it.each([
    ['\u001b[31mred\u001b[0m', 'red'],
    ['\u001b]0;title\u0007text', 'text'],
    ['50%\r100%', '50% 100%'],
    ['a\tb', 'a\tb'],
    ['grüße', 'grüße'],
    ['\u001b[2J\u001b[Hgone', 'gone'],
  ])('makes %j into %j', (text, wanted) => {
    expect(printable(text)).toBe(wanted);
  });

  it('leaves no control character but the tab, whatever comes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(printable(text)).not.toMatch(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/);
      }),
    );
  });
});
