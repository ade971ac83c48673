import { expect, it } from 'vitest';
import { parseStorePath, type StorePath } from '../nix/store-path.ts';
import { createDerivationReader } from './derivation-reader.ts';

const path = (name: string): StorePath => parseStorePath(`/nix/store/${'0'.repeat(32)}-${name}`);
const derivation = (name: string, inputs: string, env: string, output: string = path(name)): string =>
  `Derive([("out","${output}","","")],[${inputs}],[],"x86_64-linux","/bin/sh",[],[("name","${name}")${env}])`;

const files: Readonly<Record<string, string>> = {
  [path('top.drv')]: derivation('top', `("${path('dep.drv')}",["out"])`, ',("preferLocalBuild","1")'),
  [path('dep.drv')]: derivation('dep', '', ',("requiredSystemFeatures","kvm big-parallel")'),
  [path('floating.drv')]: derivation('floating', '', '', ''),
  [path('broken.drv')]: 'Derive(',
};

function reader() {
  const read: string[] = [];
  const readNow = (file: string): Uint8Array => {
    read.push(file);
    const text = files[file];
    if (text === undefined) throw new Error(`ENOENT: ${file}`);
    return Buffer.from(text);
  };
  const made = createDerivationReader(async (file) => readNow(file), readNow);
  return { ...made, read };
}

it('tells what planning needs, in the order asked', async () => {
  const steps = await reader().steps([path('top.drv'), path('dep.drv')]);
  expect(steps).toEqual([
    {
      drvPath: path('top.drv'),
      name: 'top',
      system: 'x86_64-linux',
      requiredFeatures: [],
      prefersLocal: true,
      outputs: new Map([['out', { path: path('top'), hashAlgorithm: '', hash: '' }]]),
      inputs: new Map([[path('dep.drv'), ['out']]]),
      floating: false,
    },
    expect.objectContaining({ name: 'dep', requiredFeatures: ['big-parallel', 'kvm'], prefersLocal: false }),
  ]);
});

it('reads each file once', async () => {
  const one = reader();
  await one.steps([path('top.drv'), path('top.drv')]);
  await one.steps([path('top.drv'), path('dep.drv')]);
  expect(one.read).toEqual([path('top.drv'), path('dep.drv')]);
});

it('knows a derivation whose output is not known before it is built', async () => {
  const [step] = await reader().steps([path('floating.drv')]);
  expect(step).toMatchObject({ floating: true, requiredFeatures: ['ca-derivations'] });
});

it('names the derivation that is missing or broken', async () => {
  await expect(reader().steps([path('gone.drv')])).rejects.toMatchObject({
    code: 'build.derivation-missing',
    message: expect.stringContaining(path('gone.drv')),
    cause: expect.objectContaining({ message: expect.stringContaining('ENOENT') }),
  });
  expect(() => reader().derivation(path('gone.drv'))).toThrow(/cannot read the derivation .*-gone\.drv/);
  expect(() => reader().derivation(path('broken.drv'))).toThrow(path('broken.drv'));
});
