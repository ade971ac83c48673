import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { StorePath } from '../../nix/store-path.ts';
import { runProcess } from '../../process/run-process.ts';
import type { HostSession } from '../session/host-session.ts';
import { readUnits } from './read-units.ts';
import { readUnitsOnHost } from './read-units-on-host.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'proteus-units-'));
});
afterEach(() => rm(folder, { recursive: true }));

const signal = AbortSignal.timeout(30_000);
/** A host that is this machine: its login shell reads the words again. */
const here: Pick<HostSession, 'run'> = {
  async run(words, { onLine }) {
    const { stdout, code } = await runProcess(['sh', '-c', words.join(' ')], {
      signal,
      okCodes: [0, 1, 2, 3, 127],
    });
    for (const line of stdout.split('\n').slice(0, -1)) onLine(line);
    return code;
  },
};
const saying = (...lines: readonly string[]): Pick<HostSession, 'run'> => ({
  async run(_, { onLine }) {
    for (const line of lines) onLine(line);
    return 0;
  },
});
const read = (session: Pick<HostSession, 'run'>, system = folder) =>
  readUnitsOnHost(session, system as StorePath, { signal }); // a folder stands in for one

it('finds what is found where the disk can be read', async () => {
  const units = join(folder, 'store/units');
  await mkdir(units, { recursive: true });
  await mkdir(join(folder, 'etc/systemd'), { recursive: true });
  await symlink(units, join(folder, 'etc/systemd/system'));
  await writeFile(join(folder, 'store/web-1'), '');
  await symlink(join(folder, 'store/web-1'), join(units, 'web.service'));
  await symlink('/dev/null', join(units, 'masked.socket'));
  await mkdir(join(units, 'multi-user.target.wants'));
  await mkdir(join(units, 'web.service.d'));
  await symlink(join(folder, 'store/web-1'), join(units, 'web.service.d/overrides.conf'));
  await mkdir(join(units, 'empty.service.d'));

  const found = await read(here);

  expect(found).toEqual(
    new Map([
      ['masked.socket', '/dev/null'],
      ['web.service', `${folder}/store/web-1\n${folder}/store/web-1`],
    ]),
  );
  expect(found).toEqual(await readUnits(folder));
});

it('knows nothing of a system that is not there, nor of an answer without sense', async () => {
  expect(await read(here, join(folder, 'nosuch'))).toBeUndefined();
  expect(await read(saying())).toBeUndefined();
  expect(await read(saying('a.service', 'b.service', '//', '/x'))).toBeUndefined();
});

it('takes no names that are none', async () => {
  expect(await read(saying('a\u001b[2J.service', 'b.service', '//', '/x', '/y'))).toEqual(
    new Map([['b.service', '/y']]),
  );
});
