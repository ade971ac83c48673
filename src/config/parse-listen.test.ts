import { expect, it } from 'vitest';
import { parseListen } from './parse-listen.ts';

it.each([
  ['127.0.0.1:5000', '127.0.0.1', 5000],
  ['[::1]:80', '::1', 80],
  ['localhost:0', 'localhost', 0],
  [':3000', '0.0.0.0', 3000],
])('reads %s', (text, host, port) => {
  expect(parseListen(text)).toEqual({ host, port });
});

it.each(['', '3000', 'host', 'host:', '::1:80', '[::1]', 'host:70000', 'host:1:2'])('refuses %j', (text) => {
  expect(() => parseListen(text)).toThrow(`got '${text}'`);
});
