import { expect, it } from 'vitest';
import { parseStorePath } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import { closureFromCache } from './closure-from-cache.ts';

const path = (digit: string) => parseStorePath(`/nix/store/${digit.repeat(32)}-${digit}`);

it('asks for every path once', async () => {
  const references: Readonly<Record<string, readonly string[]>> = { a: ['b', 'c'], b: ['c', 'b'], c: [] };
  const asked: string[] = [];
  const open = async (address: string) => {
    asked.push(address);
    const digit = address[1] ?? '';
    const names = (references[digit] ?? []).map((other) => path(other).slice('/nix/store/'.length));
    const lines = [
      `StorePath: ${path(digit)}`,
      'URL: nar/x',
      'Compression: none',
      `NarHash: sha256:${'0'.repeat(52)}`,
      `NarSize: ${digit.charCodeAt(0)}`,
      `References: ${names.join(' ')}`,
    ];
    return (async function* () {
      yield Buffer.from(`${lines.join('\n')}\n`);
    })();
  };
  const found = await closureFromCache({ open }, path('a'));

  expect(found.map((one) => `${one.path.slice(-1)} ${one.narSize}`).sort()).toEqual(['a 97', 'b 98', 'c 99']);
  expect(asked).toHaveLength(3);
});

it('says what the cache says', async () => {
  const open = async () => {
    throw new AppError('api.not-found', 'there is none');
  };

  await expect(closureFromCache({ open }, path('a'))).rejects.toMatchObject({ code: 'api.not-found' });
});
