/**
 * The lines of a stream as they come, without their ends. What comes from a host has no bounds of its own: a line that
 * is too long is cut, and the rest of it is thrown away as it comes.
 */

import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

const longestLine = 8192;

/** Resolves when the stream has ended, broken or not. */
export async function eachLine(stream: Readable, onLine: (line: string) => void): Promise<void> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const take = (text: string): void => {
    const lines = text.split('\n');
    for (const [index, line] of lines.entries()) {
      rest = (rest + line).slice(0, longestLine);
      if (index === lines.length - 1) continue;
      onLine(rest.endsWith('\r') ? rest.slice(0, -1) : rest);
      rest = '';
    }
  };
  stream.on('data', (chunk: Buffer) => take(decoder.write(chunk)));
  await new Promise<void>((resolve) => {
    stream.once('close', resolve);
    stream.once('end', resolve);
    stream.once('error', () => resolve());
  });
  if (rest !== '') onLine(rest);
}
