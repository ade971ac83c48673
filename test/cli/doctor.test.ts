import { chmod } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseEvents, proteus } from '../helpers/proteus.ts';
import { makeFolder } from '../helpers/write-network.ts';
import { type Emulation, emulateAarch64 } from '../lab/emulation.ts';
import { createLab } from '../lab/lab.ts';

interface Check {
  readonly name: string;
  readonly status: string;
  readonly detail: string;
  readonly mend?: string;
}

async function examine(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly checks: readonly Check[] }> {
  const { code, stdout } = await proteus(['doctor', '--json', ...args]);
  const last = parseEvents(stdout).at(-1) as { readonly checks: readonly Check[] } | undefined; // the result line
  return { code, checks: last?.checks ?? [] };
}

function named(checks: readonly Check[], name: string): Check | undefined {
  return checks.find((check) => check.name === name);
}

describe('proteus doctor', () => {
  it('finds that this set-up can evaluate and build', async () => {
    const { code, checks } = await examine();

    expect(code).toBe(0);
    for (const name of ['nix', 'store', 'trust', 'build']) {
      expect(named(checks, name)).toMatchObject({ status: 'ok' });
    }
    expect(named(checks, 'store')?.detail).toMatch(/^Nix \d+\.\d+.*, protocol 1\.\d+$/);
  });

  it('says for people what is wrong and what to do', async () => {
    const { code, stdout } = await proteus(['doctor', '--key', '/no/such/key']);

    expect(code).toBe(1);
    expect(stdout).toMatch(/^✗ key \/no\/such\/key +.*$/m);
    expect(stdout).toMatch(/^ +→ make a key with: proteus key generate NAME$/m);
    expect(stdout).toContain('1 to mend');
  });

  it('finds keys that others can read, and two keys of one name', async () => {
    const folder = await makeFolder();
    const files = [path.join(folder, 'a'), path.join(folder, 'b')] as const;
    for (const file of files) await proteus(['key', 'generate', 'same-1', '--secret', file]);
    await chmod(files[0], 0o644);

    const { code, checks } = await examine('--key', files[0], '--key', files[1]);

    expect(code).toBe(1);
    expect(named(checks, `key ${files[0]}`)).toMatchObject({
      status: 'warning',
      mend: `chmod 600 ${files[0]}`,
    });
    expect(checks.filter(({ status }) => status === 'problem')).toMatchObject([
      { name: `key ${files[1]}`, detail: expect.stringContaining('has the same name as') },
    ]);
  });

  it('asks each builder, and names the one that does not answer', async () => {
    await using lab = await createLab();
    const builder = await lab.addHost('builder');
    const hostKey = Buffer.from(builder.hostKey).toString('base64');
    const good = `ssh-ng://root@${builder.address} x86_64-linux ${lab.identityFile} 2 1 kvm - ${hostKey}`;

    const { code, checks } = await examine(
      '--builders',
      good,
      '--builders',
      'ssh-ng://root@127.0.0.1:9 x86_64-linux',
    );

    expect(code).toBe(1);
    expect(named(checks, `builder ssh-ng://root@${builder.address}`)).toMatchObject({
      status: 'ok',
      detail: expect.stringMatching(/^Nix .*, x86_64-linux, 2 at a time, features: kvm$/),
    });
    expect(checks.filter(({ status }) => status === 'problem')).toMatchObject([
      { name: 'builder ssh-ng://root@127.0.0.1:9', detail: expect.stringContaining('refused') },
    ]);
  });
});

describe('emulation', () => {
  let emulation: Emulation | undefined;
  beforeAll(async () => {
    emulation = await emulateAarch64().catch(() => undefined);
  });
  afterAll(async () => {
    await emulation?.[Symbol.asyncDispose]();
  });

  it('is proven with a program that says what machine it runs on', async ({ skip }) => {
    if (emulation === undefined) skip('this kernel cannot be taught to run aarch64 programs');

    const { checks } = await examine();

    expect(named(checks, 'emulation aarch64-linux')).toMatchObject({
      status: 'ok',
      detail: expect.stringMatching(/flags .*F.*a probe ran and printed aarch64$/),
    });
  });
});
