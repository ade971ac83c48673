import { expect, it } from 'vitest';
import type { SecretKey } from '../../nix/signing-key.ts';
import type { StorePath } from '../../nix/store-path.ts';
import type { PathInfo } from '../../store/store.ts';
import { testPath } from '../testing/test-database.ts';
import { createPublishOutputs, type PublishDeps } from './publish-outputs.ts';

const lib = testPath('lib');
const out = testPath('web');
const doc = testPath('web-doc');

function info(
  path: StorePath,
  narSize: number,
  references: readonly StorePath[],
  signatures: string[],
): PathInfo {
  return {
    path,
    deriver: undefined,
    narHash: '00'.repeat(32),
    narSize,
    references,
    registrationTime: 1,
    ultimate: true,
    signatures,
    contentAddress: '',
  };
}

// A key as it is used here.
const key = { name: 'us', sign: (text: string) => `us:${text.length}` } as unknown as SecretKey;

function fixture(assertServable: PublishDeps['assertServable'] = async () => {}) {
  const told: string[] = [];
  const infos = new Map(
    [info(lib, 100, [], ['us:old']), info(out, 10, [lib, out], ['them:x']), info(doc, 1, [], [])].map(
      (each) => [each.path, each],
    ),
  );
  const publish = createPublishOutputs({
    store: { addSignatures: async (path) => void told.push(`sign ${path}`) },
    storeDatabase: { lookupPath: (path) => infos.get(path) },
    roots: { ensure: async (paths) => void told.push(`root ${[...paths].join()}`) },
    keys: [key],
    assertServable: async (paths) => {
      told.push(`ask ${paths.join()}`);
      await assertServable(paths);
    },
    signal: new AbortController().signal,
  });
  return { publish, told };
}

const outputs = new Map([
  ['out', out],
  ['doc', doc],
]);

it('makes roots, signs what has no signature of ours, asks the cache, and says sizes', async () => {
  const { publish, told } = fixture();

  expect(await publish(outputs)).toEqual({ size: 11, closureSize: 111 });
  expect(told[0]).toBe(`root ${out},${doc}`);
  expect(told.slice(1, 3).sort()).toEqual([`sign ${out}`, `sign ${doc}`].sort());
  expect(told[3]?.slice(4).split(',').sort()).toEqual([lib, out, doc].sort());
});

it('does not ask again about what it found servable', async () => {
  const { publish, told } = fixture();
  await publish(new Map([['out', lib]]));
  told.splice(0);
  await publish(outputs);

  expect(told.at(-1)?.split(/[ ,]/).slice(1).sort()).toEqual([out, doc].sort());
});

it('asks again about what was not servable', async () => {
  const { publish, told } = fixture(() => Promise.reject(new Error('404')));
  await expect(publish(new Map([['out', lib]]))).rejects.toThrow('404');
  await expect(publish(new Map([['out', lib]]))).rejects.toThrow('404');
  expect(told.filter((line) => line.startsWith('ask'))).toEqual([`ask ${lib}`, `ask ${lib}`]);
});

it('says when an output has gone', async () => {
  await expect(fixture().publish(new Map([['out', testPath('gone')]]))).rejects.toMatchObject({
    code: 'store.path-missing',
  });
});
