import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runProcess } from '../../src/process/run-process.ts';

const launcher = join(import.meta.dirname, '../../bin/proteus');

/** Clones that hold nothing but the launcher and a program that tells how it was started. */
describe('bin/proteus', () => {
  let folder: string;
  let clone: string;

  beforeEach(async () => {
    folder = await mkdtemp('/tmp/proteus-launcher.');
    clone = join(folder, 'a clone');
    await mkdir(join(clone, 'bin'), { recursive: true });
    await mkdir(join(clone, 'src'));
    await mkdir(join(folder, 'path'));
    await cp(launcher, join(clone, 'bin/proteus'));
    await writeFile(
      join(clone, 'src/main.ts'),
      'const words: string[] = process.argv.slice(2);\nconsole.log(process.env.PROTEUS_INVOKED_AS, words.join("|"), process.version);\n',
    );
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  const path = (): string => `${join(folder, 'path')}:/usr/sbin:/usr/bin:/sbin:/bin`;
  const putNode = async (place: string, version: string): Promise<void> => {
    await mkdir(join(place, '..'), { recursive: true });
    await writeFile(place, `#!/bin/sh\n[ "$1" != --version ] || { echo ${version}; exit; }\necho "$0 $*"\n`, {
      mode: 0o755,
    });
  };

  it("takes the clone's own Node, through links, and tells under which name it was called", async () => {
    await mkdir(join(clone, 'node_modules/.bin'), { recursive: true });
    await symlink(process.execPath, join(clone, 'node_modules/.bin/node'));
    await symlink(join(clone, 'bin/proteus'), join(folder, 'morph'));
    await symlink(join(folder, 'morph'), join(folder, 'path/fleet'));
    const { stdout, stderr } = await runProcess(['fleet', 'a b', '--c'], { env: { PATH: path() } });
    expect(stdout).toBe(`fleet a b|--c ${process.version}\n`);
    expect(stderr).toBe('');
  });

  it.each(['v24.15.0', 'v24.15.1-nightly', 'v25.0.0'])('else takes a Node %s on PATH', async (version) => {
    const node = join(folder, 'path/node');
    await putNode(node, version);
    const { stdout } = await runProcess([join(clone, 'bin/proteus'), 'x'], { env: { PATH: path() } });
    expect(stdout).toBe(`${node} --disable-warning=ExperimentalWarning ${clone}/src/main.ts x\n`);
  });

  it.each(['v24.14.9', 'v20.20.2'])('says what to do when all there is is Node %s', async (version) => {
    await putNode(join(folder, 'path/node'), version);
    await expect(runProcess([join(clone, 'bin/proteus')], { env: { PATH: path() } })).rejects.toThrow(
      `proteus: needs Node 24.15 or newer, and found ${version}: run npm ci in ${clone}`,
    );
  });

  it('says what to do when there is no Node', async () => {
    for (const tool of ['sh', 'dirname', 'readlink'])
      await symlink(`/usr/bin/${tool}`, join(folder, 'path', tool));
    await expect(
      runProcess([join(clone, 'bin/proteus')], { env: { PATH: join(folder, 'path') } }),
    ).rejects.toThrow('found none: run npm ci');
  });
});
