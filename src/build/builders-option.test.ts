import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseBuildersOption } from './builders-option.ts';

const parse = (text: string) => parseBuildersOption(text, { defaultSystem: 'x86_64-linux' });

it('makes a builder of each machine, in their order', () => {
  const [first, second, ...others] = parse(
    'ssh-ng://nix@arm1?ssh-key=/root/k aarch64-linux,armv7l-linux - 8 2.5 kvm,big-parallel gpu ; plain',
  );
  expect(first).toMatchObject({
    name: 'ssh-ng://nix@arm1',
    systems: ['aarch64-linux', 'armv7l-linux'],
    emulatedSystems: [],
    supportedFeatures: ['kvm', 'big-parallel'],
    mandatoryFeatures: ['gpu'],
    slots: 8,
    speedFactor: 2.5,
    isLocal: false,
  });
  expect(second).toMatchObject({
    name: 'ssh-ng://plain',
    systems: ['x86_64-linux'],
    slots: 1,
    speedFactor: 1,
  });
  expect(others).toEqual([]);
});

it('takes a host key in the URI, which Nix allows, for no option of the store', () => {
  const [builder] = parse('ssh-ng://h?base64-ssh-public-host-key=c3NoLWVkMjU1MTkgQUFBQQ==&compress=true');
  expect(builder?.name).toBe('ssh-ng://h');
});

it('reads files, and takes a missing one for none', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'proteus-test-'));
  try {
    await writeFile(join(folder, 'machines'), '# ours\nhost-a\nhost-b x86_64-linux\n');
    expect(parse(`@${folder}/machines`).map(({ name }) => name)).toEqual([
      'ssh-ng://host-a',
      'ssh-ng://host-b',
    ]);
    expect(parse(`@${folder}/missing`)).toEqual([]);
    expect(() => parse(`@${folder}`)).toThrow(`cannot read the builders file ${folder}: EISDIR`);
  } finally {
    await rm(folder, { recursive: true });
  }
  expect(parse('')).toEqual([]);
});

it('refuses what is no builder, with the place', () => {
  expect(() => parse('good\nhost x86_64-linux - many')).toThrow(/builders, line 2: .*"many"/);
  expect(() => parse('https://cache.example.org')).toThrow('has no daemon to talk to');
});
