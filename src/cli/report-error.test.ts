import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { AppError } from '../util/app-error.ts';
import { reportError } from './report-error.ts';

function collector(): { readonly stream: Writable; readonly text: () => string } {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  return { stream, text: () => chunks.join('') };
}

it('prints the message, then what to do', () => {
  const { stream, text } = collector();

  expect(reportError(new AppError('usage.invalid', 'wanted a file'), stream)).toBe(2);
  expect(text()).toBe('proteus: error: wanted a file\n  what to do: See the --help of the command.\n');
});

it('is silent about an interruption, which the user made', () => {
  const { stream, text } = collector();

  expect(reportError(new AppError('interrupted', 'stopped'), stream)).toBe(130);
  expect(text()).toBe('');
});

it('calls a bug a bug and keeps its stack', () => {
  const { stream, text } = collector();

  expect(reportError(new TypeError('oops'), stream)).toBe(1);
  expect(text()).toMatch(/this is a bug in Proteus[\s\S]*TypeError: oops\n\s+at /);
});
