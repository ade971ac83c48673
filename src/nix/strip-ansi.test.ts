import { describe, expect, it } from 'vitest';
import { stripAnsi } from './strip-ansi.ts';

describe('stripAnsi', () => {
  it.each([
    ['\u001b[31;1merror:\u001b[0m no', 'error: no'],
    ['a\u001b[Kb\u001b[2Jc\u001b[?25ld\u001b[>0qe', 'abcde'],
    ['\u001b]8;;https://example.org\u001b\\link\u001b]8;;\u0007!', 'link!'],
    ['\u001b(Bx\u001b=y\u001bMz', 'xyz'],
    ['cut\u001b', 'cut'],
    ['cut\u001b[31', 'cut'],
    ['cut\u001b]0;title', 'cut'],
    ['\u001b[1\u001b[2mx', 'x'],
    ['tab\tnew\nline [31m é 💡', 'tab\tnew\nline [31m é 💡'],
    ['', ''],
  ])('makes of %j %j', (text, plain) => {
    expect(stripAnsi(text)).toBe(plain);
  });

  it('takes a line as long as a log may have, of nothing but openings', () => {
    expect(stripAnsi('\u001b[0'.repeat(200_000))).toBe('');
    expect(stripAnsi(`\u001b[${'0'.repeat(200_000)}`)).toBe('');
    expect(stripAnsi('\u001b]'.repeat(200_000))).toBe('');
  });
});
