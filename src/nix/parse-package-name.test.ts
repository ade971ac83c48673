import { expect, it } from 'vitest';
import { parsePackageName } from './parse-package-name.ts';

it.each([
  ['hello-2.12', 'hello', '2.12'],
  ['hello-2.12-man', 'hello', '2.12'],
  ['unit-nginx.service', 'unit-nginx.service', ''],
  ['nixos-system-web01-24.05.20240101', 'nixos-system-web01', '24.05.20240101'],
  ['libfoo-bar-1.0pre2-rc1', 'libfoo-bar', '1.0pre2-rc1'],
  ['gcc-13.2.0-lib', 'gcc', '13.2.0'],
  ['etc', 'etc', ''],
  ['a-', 'a-', ''],
])('splits %s', (text, name, version) => {
  expect(parsePackageName(text)).toEqual({ name, version });
});
