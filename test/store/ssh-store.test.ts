/** A store over a real ssh connection. sshd runs for each one on its standard input; nothing listens. */

import { beforeAll, describe, expect, it } from 'vitest';
import type { SshSettings } from '../../src/process/ssh.ts';
import { copyPaths } from '../../src/store/copy-paths.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { StoreSpec } from '../../src/store/store-spec.ts';
import { localSshd } from './local-sshd.ts';
import { build, derivation, instantiate, processesWith, tempDir, until } from './nix-lab.ts';

let settings: SshSettings;
let otherKey = '';

beforeAll(() => {
  const sshd = localSshd();
  settings = sshd.settings;
  otherKey = sshd.otherKey;
});

const spec = (more: object = {}): StoreSpec => ({
  type: 'ssh',
  target: { host: 'elsewhere', user: 'root' },
  settings,
  ...more,
});

describe('a store over ssh', () => {
  it('receives a closure and gives it back', async () => {
    const root = tempDir();
    await using local = await openStore({ type: 'local' });
    await using remote = await openStore(spec({ remoteStore: `local?root=${root}` }));
    expect(remote.name).toBe('ssh-ng://root@elsewhere');
    expect(remote.filesAt).toBeUndefined();
    const dep = build(derivation('echo dep > $out'));
    await copyPaths({ from: local, to: remote, roots: [dep], withoutSignatureCheck: true });
    expect((await remote.queryPathInfo(dep))?.narHash).toBe((await local.queryPathInfo(dep))?.narHash);
    await copyPaths({ from: remote, to: local, roots: [dep], withoutSignatureCheck: true });
  });

  it('ends what is built there when the signal fires', async () => {
    const { drvPath, drv } = instantiate(
      derivation('echo running; while true; do read -t 1 x < /dev/zero; done; : mark-over-ssh'),
    );
    await using remote = await openStore(spec());
    const stop = new AbortController();
    const building = remote.buildDerivation(drvPath, drv, {
      signal: stop.signal,
      onLog: (log) => log.type === 'build-log-line' && stop.abort(),
    });
    await expect(building).rejects.toMatchObject({ code: 'interrupted' });
    await until(() => processesWith('mark-over-ssh').length === 0, 'the builder is gone');
    expect(await remote.isValidPath(drvPath)).toBe(true);
  });

  it('says what ssh says when it does not get there', async () => {
    const refused = { ...settings, identityFile: otherKey };
    await expect(openStore(spec({ settings: refused }))).rejects.toMatchObject({
      code: 'store.unreachable',
      message: expect.stringMatching(/^ssh-ng:\/\/root@elsewhere, greeting .*\n.*Permission denied/s),
    });
    await expect(openStore(spec({ remoteProgram: 'no-such-daemon' }))).rejects.toMatchObject({
      code: 'store.unreachable',
      message: expect.stringContaining('no-such-daemon'),
    });
  });

  it('leaves no ssh behind', async () => {
    const remote = await openStore(spec());
    await remote.leaseTempRoots([]);
    expect(processesWith('nix-daemon --stdio').length).toBeGreaterThan(0);
    await remote[Symbol.asyncDispose]();
    expect(processesWith('root@elsewhere')).toEqual([]);
    await until(() => processesWith('nix-daemon --stdio').length === 0, 'its daemon is gone, too');
  });
});
