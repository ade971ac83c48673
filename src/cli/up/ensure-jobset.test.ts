import { expect, it } from 'vitest';
import { inputValue, nameFrom } from './ensure-jobset.ts';

it.each([
  ['fleet', 'fleet'],
  ['my network.d', 'my-network-d'],
  ['.config', 'config'],
  ['2024', '_2024'],
  ['…', '_'],
])('calls what comes from %j %j', (text, name) => {
  expect(nameFrom(text)).toBe(name);
});

it.each([
  ['/srv/fleet', '/srv/fleet main'],
  ['/srv/my fleet', 'file:///srv/my%20fleet main'],
  ['/srv/Flotte-ü', 'file:///srv/Flotte-%C3%BC main'],
])('follows the checkout %s', (folder, value) => {
  expect(inputValue({ folder, branch: 'main' })).toBe(value);
});
