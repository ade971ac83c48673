import { mkdtemp, rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { runProcess } from '../../src/process/run-process.ts';
import { instantiateAll } from './instantiate.ts';
import { queueFixture } from './queue-fixture.ts';

describe('substitution', () => {
  /** A cache in a folder that holds these paths, which are gone from the store. */
  async function moveToCache(...paths: readonly string[]): Promise<string> {
    const cache = await mkdtemp('/nix/var/cache.');
    await runProcess(['nix', 'copy', '--to', `file://${cache}`, ...paths]);
    await runProcess(['nix-store', '--delete', ...paths]);
    return cache;
  }
  const chain = (tag: string): string => `
    let dep = sh "dep-${tag}" { } "echo dep > $out";
    in { a = dep; b = sh "top-${tag}" { inherit dep; } "read x < $dep; echo $x > $out"; }`;
  const realise = async (drvPath: string): Promise<string> =>
    (await runProcess(['nix-store', '--realise', drvPath])).stdout.trim();
  const fromCache = (cache: string) => ({
    nixConfig: `substituters = file://${cache}\nrequire-sigs = false`,
  });

  it('fetches what a substituter has, and leaves alone what only that needs', async () => {
    const [dep, top] = await instantiateAll(chain('l'));
    const [depOut, topOut] = [await realise(dep!), await realise(top!)];
    const cache = await moveToCache(topOut, depOut);
    await rm(`${cache}/${depOut.slice(11, 43)}.narinfo`);
    await using fixture = await queueFixture(fromCache(cache));

    const outcome = await fixture.queue.build(top!);

    expect(outcome).toMatchObject({ ok: true });
    expect(fixture.of('step.started')).toEqual([]);
    expect(fixture.of('build.planned')).toEqual([{ type: 'build.planned', toBuild: 0, toSubstitute: 1 }]);
    expect(await fixture.store.isValidPath(topOut as never)).toBe(true);
    expect(await fixture.store.isValidPath(depOut as never)).toBe(false);
  });

  it('fetches what the build of the rest needs', async () => {
    const [dep, top] = await instantiateAll(chain('m'));
    const cache = await moveToCache(await realise(dep!));
    await using fixture = await queueFixture(fromCache(cache));
    expect(await fixture.queue.build(top!)).toMatchObject({ ok: true });
    expect(fixture.of('step.done').map((event) => event.name)).toEqual(['top-m']);
  });

  it('builds what a substituter says it has and then cannot give', async () => {
    const [dep] = await instantiateAll(chain('n'));
    const cache = await moveToCache(await realise(dep!));
    await rm(`${cache}/nar`, { recursive: true });
    await using fixture = await queueFixture(fromCache(cache));
    expect(await fixture.queue.build(dep!)).toMatchObject({ ok: true });
    expect(fixture.of('step.done')).toMatchObject([{ name: 'dep-n', how: 'built' }]);
  });

  it('asks no substituter when told not to', async () => {
    const [dep] = await instantiateAll(chain('o'));
    const cache = await moveToCache(await realise(dep!));
    await using fixture = await queueFixture({ ...fromCache(cache), substitute: false });
    expect(await fixture.queue.build(dep!)).toMatchObject({ ok: true });
    expect(fixture.of('step.done')).toMatchObject([{ name: 'dep-o', how: 'built' }]);
    expect(fixture.of('build.planned')).toEqual([{ type: 'build.planned', toBuild: 1, toSubstitute: 0 }]);
  });
});
