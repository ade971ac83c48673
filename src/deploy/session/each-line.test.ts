import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { eachLine } from './each-line.ts';

async function linesOf(chunks: readonly (string | Buffer)[]): Promise<string[]> {
  const lines: string[] = [];
  await eachLine(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), (line) => lines.push(line));
  return lines;
}

describe('eachLine', () => {
  it('gives lines, however they come', async () => {
    expect(await linesOf(['on', 'e\ntwo\r\n', '\nthr', 'ee'])).toEqual(['one', 'two', '', 'three']);
    expect(await linesOf([])).toEqual([]);
  });

  it('keeps characters whole that come in parts', async () => {
    const bytes = Buffer.from('ä\n');
    expect(await linesOf([bytes.subarray(0, 1), bytes.subarray(1)])).toEqual(['ä']);
  });

  it('cuts lines that have no end', async () => {
    const [first, second] = await linesOf([...Array.from({ length: 100 }, () => 'x'.repeat(1000)), '\nnext']);
    expect(first).toHaveLength(8192);
    expect(second).toBe('next');
  });

  it('ends with a stream that breaks', async () => {
    const stream = new PassThrough();
    const lines: string[] = [];
    const ended = eachLine(stream, (line) => lines.push(line));
    stream.write('half');
    await new Promise(setImmediate);
    stream.destroy(new Error('gone'));
    await ended;
    expect(lines).toEqual(['half']);
  });
});
