import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockFile } from '../../util/lock-file.ts';
import { type Cordon, changeCordons, cordonFile, readCordons, watchCordons } from './cordon-file.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'proteus-cordons-'));
  file = cordonFile({ XDG_STATE_HOME: path.join(folder, 'state') });
});
afterEach(() => rm(folder, { recursive: true }));

const cordon: Cordon = { by: 'bob@here', at: 1000, reason: 'a bad disk' };
const set = (...names: readonly string[]) =>
  changeCordons(file, (known) => new Map([...known, ...names.map((name) => [name, cordon] as const)]));

describe('hosts that are cordoned here', () => {
  it('are none before there are some', () => {
    expect(readCordons(file)).toEqual(new Map());
    expect(watchCordons(file)('web')).toBeUndefined();
  });

  it('are kept, with who said so and why', async () => {
    await set('web');
    await set('db');

    expect([...readCordons(file)]).toEqual([
      ['db', cordon],
      ['web', cordon],
    ]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(watchCordons(file)('web')).toBe('cordoned by bob@here: a bad disk');
  });

  it('are heeded as soon as they are, also by a rollout that began before', async () => {
    const cordoned = watchCordons(file);
    await set('web');
    expect(cordoned('web')).toBe('cordoned by bob@here: a bad disk');

    await changeCordons(file, () => new Map());
    expect(cordoned('web')).toBeUndefined();

    await set('web');
    expect(cordoned('web')).toBeDefined();
    await writeFile(file, 'torn');
    expect(cordoned('web')).toBe('cordoned by bob@here: a bad disk');
  });

  it.each([
    ['{"version":1,"hosts":{"web":', 'is not what it should be'],
    ['{"version":2,"hosts":{}}', 'version'],
    ['{"version":1,"hosts":{"web":{"by":"x"}}}', 'reason'],
  ])('are not taken for none when the file is %s', async (text, message) => {
    await set('web');
    await writeFile(file, text);

    expect(() => readCordons(file)).toThrow(message);
    expect(() => watchCordons(file)).toThrow(message);
    await expect(set('db')).rejects.toMatchObject({ code: 'host.cordons-invalid' });
    expect(await readFile(file, 'utf8')).toBe(text);
  });

  it('are changed by one process at a time', async () => {
    await set('web');
    using _lock = lockFile(`${file}.lock`);

    await expect(set('db')).rejects.toThrow('is being changed by another process');
    expect([...readCordons(file).keys()]).toEqual(['web']);
  });
});
