import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseBinfmtEntry, readEmulations } from './emulation.ts';

const entry = (changes: { flags?: string; magic?: string; state?: string; offset?: string } = {}): string =>
  `${changes.state ?? 'enabled'}
interpreter /usr/bin/qemu-aarch64-static
flags: ${changes.flags ?? 'POCF'}
offset ${changes.offset ?? '0'}
magic ${changes.magic ?? '7f454c460201010000000000000000000200b700'}
mask ffffffffffffff00fffffffffffffffffeffffff
`;
const systems = (text: string): readonly string[] =>
  parseBinfmtEntry('entry', text).map((emulation) => emulation.system);

it('reads an entry as the kernel writes it', () => {
  expect(parseBinfmtEntry('qemu-aarch64', entry())).toEqual([
    {
      system: 'aarch64-linux',
      entry: 'qemu-aarch64',
      interpreter: '/usr/bin/qemu-aarch64-static',
      flags: 'POCF',
      fixBinary: true,
    },
  ]);
  expect(parseBinfmtEntry('x', entry({ flags: 'P' }))).toMatchObject([{ flags: 'P', fixBinary: false }]);
  expect(parseBinfmtEntry('x', entry({ flags: '' }))).toMatchObject([{ flags: '', fixBinary: false }]);
});

it('knows systems by machine, word size and byte order', () => {
  const header = (bits: string, order: string, machine: string): string =>
    entry({ magic: `7f454c46${bits}${order}01${'00'.repeat(9)}0200${machine}` });
  expect(systems(header('01', '01', '2800'))).toEqual(['armv7l-linux', 'armv6l-linux', 'armv5tel-linux']);
  expect(systems(header('02', '01', 'f300'))).toEqual(['riscv64-linux']);
  expect(systems(header('01', '01', 'f300'))).toEqual(['riscv32-linux']);
  expect(systems(header('02', '02', '0016'))).toEqual(['s390x-linux']);
  expect(systems(header('02', '01', '1500'))).toEqual(['powerpc64le-linux']);
  expect(systems(header('02', '02', '0015'))).toEqual(['powerpc64-linux']);
  expect(systems(header('02', '01', 'ffff'))).toEqual([]);
});

it('takes no entry that is disabled or about something else', () => {
  expect(systems(entry({ state: 'disabled' }))).toEqual([]);
  expect(systems(entry({ magic: '4d5a' }))).toEqual([]);
  expect(systems(entry({ offset: '4' }))).toEqual([]);
  expect(systems('enabled\ninterpreter /usr/bin/python3\nflags: \nextension .py\n')).toEqual([]);
  expect(systems('')).toEqual([]);
});

it('reads all entries of a folder, unless all are switched off', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'proteus-test-'));
  try {
    expect(await readEmulations(folder)).toEqual([]);
    await writeFile(join(folder, 'status'), 'enabled\n');
    await writeFile(join(folder, 'register'), 'cannot be read');
    await writeFile(join(folder, 'qemu-aarch64'), entry());
    await writeFile(
      join(folder, 'python3'),
      'enabled\ninterpreter /usr/bin/python3\nflags: \noffset 0\nmagic 550d0d0a\n',
    );
    expect(await readEmulations(folder)).toMatchObject([{ system: 'aarch64-linux', entry: 'qemu-aarch64' }]);
    await writeFile(join(folder, 'status'), 'disabled\n');
    expect(await readEmulations(folder)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
  expect(await readEmulations(folder)).toEqual([]);
});
