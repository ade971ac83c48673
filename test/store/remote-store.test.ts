/** Every call of the contract against a real daemon: one of our own, and one that listens on its socket. */

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseStorePath } from '../../src/nix/store-path.ts';
import { dumpPath } from '../../src/store/dump-path.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { IncomingPath, PathInfo, Store, StoreLog } from '../../src/store/store.ts';
import type { StoreSpec } from '../../src/store/store-spec.ts';
import {
  addFlat,
  addPath,
  build,
  derivation,
  instantiate,
  otherStore,
  socketPath,
  startDaemon,
  tempDir,
} from './nix-lab.ts';

const nowhere = parseStorePath('/nix/store/00000000000000000000000000000000-nowhere');

async function bytesOf(nar: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of nar) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe.each<{ how: string; spec: StoreSpec; listening: boolean }>([
  { how: 'a daemon of our own', spec: { type: 'local' }, listening: false },
  { how: 'a daemon on its socket', spec: { type: 'socket', path: socketPath }, listening: true },
])('a store behind $how', ({ spec, listening }) => {
  let daemon: AsyncDisposable | undefined;
  let store: Store;

  beforeAll(async () => {
    if (listening) daemon = await startDaemon();
    store = await openStore(spec);
  });
  afterAll(async () => {
    await store[Symbol.asyncDispose]();
    await daemon?.[Symbol.asyncDispose]();
  });

  /** A built path that refers to another and to itself. */
  function linked(): { info: Promise<PathInfo>; reference: string } {
    const path = build(derivation(`echo $dep $out > $out`, `dep = ${derivation('echo dep > $out')};`));
    const info = store.queryPathInfo(path).then((found) => {
      if (found === undefined) throw new Error(`${path} is not valid`);
      return found;
    });
    return { info, reference: path };
  }

  it('says who it is', () => {
    expect(store.name).toBe(listening ? `unix://${socketPath}` : 'local');
    expect(store.nixVersion).toMatch(/^2\.\d+/);
    expect(store.protocol.major).toBe(1);
    expect(store.protocol.minor).toBeGreaterThanOrEqual(32);
    expect(store.filesAt).toBe(listening ? undefined : '/nix/store');
  });

  it('knows its paths', async () => {
    const info = await linked().info;
    expect(info.references.length).toBe(2);
    expect(info.references).toContain(info.path);
    expect(info).toMatchObject({ ultimate: true, signatures: [], contentAddress: '' });
    expect(info.registrationTime).toBeGreaterThan(1_700_000_000);
    expect(await store.isValidPath(info.path)).toBe(true);
    expect(await store.isValidPath(nowhere)).toBe(false);
    expect(await store.queryPathInfo(nowhere)).toBeUndefined();
    const infos = await store.queryPathInfos([...info.references, nowhere, info.path]);
    expect([...infos.keys()].sort()).toEqual([...info.references]);
    expect(infos.get(info.path)).toEqual(info);
    expect(await store.queryValidPaths([info.path, nowhere])).toEqual(new Set([info.path]));
    expect(await store.queryValidPaths([info.path, nowhere], { substitute: true })).toEqual(
      new Set([info.path]),
    );
    expect(await store.queryAllValidPaths()).toContain(info.path);
    expect(await store.queryPathFromHashPart(info.path.slice(11, 43))).toBe(info.path);
    expect(await store.queryPathFromHashPart('0'.repeat(32))).toBeUndefined();
    const dep = info.references.find((reference) => reference !== info.path);
    expect(await store.queryReferrers(dep ?? nowhere)).toEqual(new Set([info.path]));
  });

  it('builds one derivation and tells what happens', async () => {
    const { drvPath, drv } = instantiate(
      derivation(
        `echo hello; echo '@nix {"action":"setPhase","phase":"testPhase"}' >&2; printf 'caf\\303\\251\\n'; echo done > $out`,
      ),
    );
    expect((await store.queryMissing([{ drvPath, outputs: '*' }])).willBuild).toEqual([drvPath]);
    const logs: StoreLog[] = [];
    const result = await store.buildDerivation(drvPath, drv, { onLog: (log) => logs.push(log) });
    expect(result).toMatchObject({ status: 'built', errorMessage: '' });
    const out = drv.outputs.get('out')?.path;
    expect(await store.queryDerivationOutputMap(drvPath)).toEqual(new Map([['out', out]]));
    const building = logs.find((log) => log.type === 'activity-started' && log.activity === 105);
    expect(building).toMatchObject({ fields: [drvPath, '', 1, 1] });
    const ofBuild = logs.filter(
      (log) => 'id' in log && building !== undefined && 'id' in building && log.id === building.id,
    );
    expect(ofBuild.flatMap((log) => (log.type === 'build-log-line' ? [log.line] : []))).toEqual([
      'hello',
      'café',
    ]);
    expect(ofBuild).toContainEqual(expect.objectContaining({ type: 'phase', phase: 'testPhase' }));
    expect((await store.buildDerivation(drvPath, drv)).status).toBe('already-valid');
  });

  it('tells a failed build from a refusal', async () => {
    const { drvPath, drv } = instantiate(derivation('echo about to fail; exit 7'));
    const lines: string[] = [];
    const result = await store.buildDerivation(drvPath, drv, {
      onLog: (log) => log.type === 'build-log-line' && lines.push(log.line),
    });
    expect(result.status).toBe('permanent-failure');
    expect(result.errorMessage).toContain('failed with exit code 7');
    expect(result.errorMessage).not.toContain('\u001b');
    expect(lines).toEqual(['about to fail']);
  });

  it('rejects a fixed output whose content is another', async () => {
    const { drvPath, drv } = instantiate(
      derivation('echo x > $out', `outputHashMode = "flat"; outputHash = "sha256:${'0'.repeat(64)}";`),
    );
    const result = await store.buildDerivation(drvPath, drv);
    expect(result.status).toBe('output-rejected');
    expect(result.errorMessage).toContain('hash mismatch');
  });

  it('ends builds that are silent, or say too much', async () => {
    const silent = instantiate(derivation('echo start; while true; do read x < /dev/zero; done'));
    expect((await store.buildDerivation(silent.drvPath, silent.drv, { maxSilentSeconds: 1 })).status).toBe(
      'timed-out',
    );
    const slow = instantiate(derivation('while true; do echo; read -t 1 x < /dev/zero; done > /dev/null'));
    expect((await store.buildDerivation(slow.drvPath, slow.drv, { timeoutSeconds: 1 })).status).toBe(
      'timed-out',
    );
    const loud = instantiate(derivation('while true; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done'));
    expect((await store.buildDerivation(loud.drvPath, loud.drv, { maxLogBytes: 1000 })).status).toBe(
      'log-limit-exceeded',
    );
    // The limits were for those builds only.
    const patient = instantiate(derivation('read -t 2 x < /dev/null; echo > $out'));
    expect((await store.buildDerivation(patient.drvPath, patient.drv)).status).toBe('built');
  });

  it('builds targets with all they need, and says of each what came of it, in their order', async () => {
    const good = instantiate(derivation('echo > $out; echo > $doc', 'outputs = [ "out" "doc" ];'));
    const bad = instantiate(derivation('exit 1'));
    const onBad = instantiate(derivation('echo $dep > $out', `dep = ${derivation('exit 2')};`));
    const path = build(derivation('echo > $out'));
    const targets = [
      { drvPath: bad.drvPath, outputs: '*' },
      { drvPath: onBad.drvPath, outputs: ['out'] },
      { path },
      { drvPath: good.drvPath, outputs: ['out', 'doc'] },
    ] as const;
    const results = await store.buildPathsWithResults(targets, { keepGoing: true });
    expect(results.map(({ target }) => target)).toEqual(targets);
    expect(results.map(({ result }) => result.status)).toEqual([
      'permanent-failure',
      'dependency-failed',
      'already-valid',
      'built',
    ]);
    expect(results[3]?.result.builtOutputs.get('doc')).toBe(good.drv.outputs.get('doc')?.path);
    const missing = await store.queryMissing([{ drvPath: bad.drvPath, outputs: '*' }, { path: nowhere }]);
    expect(missing).toMatchObject({ willBuild: [bad.drvPath], willSubstitute: [], unknown: [nowhere] });
  });

  it('says that a path can be had from nowhere, and goes on', async () => {
    await expect(store.ensurePath(nowhere)).rejects.toMatchObject({
      code: 'store.refused',
      message: expect.stringContaining(`fetching ${nowhere}`),
    });
    const { info } = linked();
    await store.ensurePath((await info).path);
  });

  it('gives NARs as nix-store --dump does', async () => {
    const info = await linked().info;
    const nar = await bytesOf(store.narFromPath(info));
    expect(nar.equals(Buffer.concat([...dumpPath(info.path)]))).toBe(true);
    expect(nar.length).toBe(info.narSize);
  });

  it('has no NAR of what is not valid, and goes on', async () => {
    const { info } = linked();
    await expect(bytesOf(store.narFromPath({ ...(await info), path: nowhere }))).rejects.toMatchObject({
      code: 'store.refused',
      message: expect.stringContaining(`reading ${nowhere}`),
    });
    expect((await bytesOf(store.narFromPath(await info))).length).toBe((await info).narSize);
  });

  it('notices that a path was damaged on disk: longer, or shorter', async () => {
    for (const content of ['much longer than it was before, by far', '']) {
      const path = build(derivation('echo short > $out'));
      const info = await store.queryPathInfo(path);
      if (info === undefined) throw new Error('not valid');
      writeFileSync(path, content);
      await expect(bytesOf(store.narFromPath(info))).rejects.toMatchObject({
        code: 'store.corrupt',
        message: expect.stringContaining(`where the store says ${info.narSize}`),
      });
    }
    expect(await store.isValidPath(nowhere)).toBe(false);
  });

  it('adds content under the path that nix computes', async () => {
    const dir = tempDir();
    mkdirSync(`${dir}/tree`);
    writeFileSync(`${dir}/tree/file`, 'content of a file');
    writeFileSync(`${dir}/flat`, 'flat content');
    const { drv } = instantiate(
      'derivation { name = "x"; system = "x"; builder = builtins.toFile "text.txt" "some text"; }',
    );
    const text = await store.addToStore({
      name: 'text.txt',
      method: 'text',
      content: Buffer.from('some text'),
      references: [],
    });
    expect(drv.inputSources).toEqual([text]);
    const tree = await store.addToStore({
      name: 'tree',
      method: 'nar',
      content: (async function* () {
        yield* dumpPath(`${dir}/tree`);
      })(),
      references: [],
    });
    expect(tree).toBe(addPath(`${dir}/tree`));
    expect(await store.queryPathInfo(tree)).toMatchObject({
      contentAddress: expect.stringMatching(/^fixed:r:sha256:/),
    });
    const withReference = await store.addToStore({
      name: 'config',
      method: 'text',
      content: Buffer.from(`see ${text}`),
      references: [text],
    });
    expect((await store.queryPathInfo(withReference))?.references).toEqual([text]);
    const plain = await store.addToStore({
      name: 'flat',
      method: 'flat',
      content: Buffer.from('flat content'),
      references: [],
    });
    expect(plain).toBe(addFlat(`${dir}/flat`));
    expect((await store.queryPathInfo(plain))?.contentAddress).toMatch(/^fixed:sha256:/);
  });

  it('takes paths with their NARs, one and many, whether it has them or not', async () => {
    const info = await linked().info;
    const infos = await store.queryPathInfos(info.references);
    const incoming = [...infos.values()]
      .sort((a, b) => a.references.length - b.references.length)
      .map((one): IncomingPath => ({ info: one, nar: () => store.narFromPath(one) }));
    await using other = await openStore(otherStore().spec);
    await other.addToStoreNar(incoming[0]!, { withoutSignatureCheck: true });
    expect(await other.isValidPath(incoming[0]!.info.path)).toBe(true);
    await other.addMultipleToStore(incoming, { withoutSignatureCheck: true });
    expect(await other.queryPathInfo(info.path)).toMatchObject({
      narHash: info.narHash,
      references: info.references,
      deriver: info.deriver,
      ultimate: false,
    });
    await other.addMultipleToStore([]);
  });

  it('refuses what bears no signature, and what is not what it says', async () => {
    const info = await linked().info;
    const dep = (await store.queryPathInfos(info.references)).values().find((one) => one.path !== info.path)!;
    await using other = await openStore(otherStore().spec);
    const incoming = (changed: Partial<PathInfo>): IncomingPath => ({
      info: { ...dep, ultimate: false, ...changed },
      nar: () => store.narFromPath(dep),
    });
    await expect(other.addToStoreNar(incoming({}))).rejects.toMatchObject({
      code: 'store.refused',
      message: expect.stringMatching(/lacks a .*signature/),
    });
    await expect(
      other.addToStoreNar(incoming({ narHash: '0'.repeat(64) }), { withoutSignatureCheck: true }),
    ).rejects.toMatchObject({ code: 'store.refused', message: expect.stringContaining('hash mismatch') });
    expect(await other.isValidPath(dep.path)).toBe(false);
    await other.addToStoreNar(incoming({}), { withoutSignatureCheck: true });
    expect(await other.isValidPath(dep.path)).toBe(true);
  });

  it('keeps signatures', async () => {
    const { path } = await linked().info;
    const signature = `test-1:${Buffer.alloc(64, 1).toString('base64')}`;
    await store.addSignatures(path, [signature]);
    expect((await store.queryPathInfo(path))?.signatures).toEqual([signature]);
  });

  it('keeps from the collector what is leased, until the lease ends', async () => {
    const path = build(derivation('echo > $out'));
    const more = [build(derivation('echo > $out')), build(derivation('echo > $out'))] as const;
    const dead = async (): Promise<readonly string[]> =>
      (await store.collectGarbage({ action: 'return-dead' })).paths;
    const lease = await store.leaseTempRoots([path]);
    try {
      // Two who share it, at the same time.
      await Promise.all(more.map((each) => lease.add([each])));
      expect(await dead()).not.toContain(path);
      for (const each of more) expect(await dead()).not.toContain(each);
      await expect(store.collectGarbage({ action: 'delete-specific', paths: [path] })).rejects.toMatchObject({
        code: 'store.refused',
        message: expect.stringContaining('alive'),
      });
    } finally {
      await lease[Symbol.asyncDispose]();
    }
    expect(await dead()).toEqual(expect.arrayContaining([path, ...more]));
    const gone = await store.collectGarbage({ action: 'delete-specific', paths: [path] });
    expect(gone.paths).toEqual([path]);
    expect(gone.bytesFreed).toBeGreaterThan(0);
    expect(await store.isValidPath(path)).toBe(false);
  });

  it('makes roots', async () => {
    const path = build(derivation('echo > $out'));
    const link = `${tempDir()}/result`;
    symlinkSync(path, link);
    await store.addIndirectRoot(link);
    const live = await store.collectGarbage({ action: 'return-live' });
    expect(live.paths).toContain(path);
    await expect(store.addIndirectRoot('result')).rejects.toMatchObject({ code: 'usage.invalid' });
    const permanent = `${tempDir()}/kept`;
    const kept = await store.addPermRoot(path, permanent).catch((error: unknown) => String(error));
    const wanted = store.protocol.minor >= 36 ? permanent : 'needs version 1.36';
    expect(kept).toContain(wanted);
  });

  it('answers a great many questions at once', async () => {
    const infos = Array.from({ length: 5000 }, (_, i) =>
      parseStorePath(`/nix/store/${String(i).padStart(32, '0')}-none`),
    );
    const { path } = await linked().info;
    const found = await store.queryPathInfos([...infos, path]);
    expect([...found.keys()]).toEqual([path]);
  });
});
