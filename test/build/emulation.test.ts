import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { aarch64Probe } from '../../src/build/aarch64-probe.ts';
import type { Builder } from '../../src/build/builder.ts';
import { type Emulation, readEmulations } from '../../src/build/emulation.ts';
import { localBuilder } from '../../src/build/local-builder.ts';
import { encodeNar } from '../../src/nix/nar-writer.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { StoreSpec } from '../../src/store/store-spec.ts';
import { instantiate } from './instantiate.ts';
import { queueFixture } from './queue-fixture.ts';

const emulator = '/usr/bin/qemu-aarch64-static';

/**
 * A daemon in a user namespace with a binfmt_misc of its own, where aarch64 programs are given to QEMU (Linux 6.7 and
 * later): nothing is registered on the machine itself. What the kernel says of it is copied to `copies`.
 */
const daemon = (copies: string): StoreSpec => ({
  type: 'command',
  name: 'local',
  argv: [
    'unshare',
    '--user',
    '--map-root-user',
    '--mount',
    'bash',
    '-ec',
    String.raw`
      cd /proc/sys/fs/binfmt_misc
      mount -t binfmt_misc binfmt_misc .
      cd /proc/sys/fs/binfmt_misc
      printf '%s' ':qemu-aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:'${emulator}':OCF' > register
      cat status > "$0/status"; cat qemu-aarch64 > "$0/qemu-aarch64"
      # Newer versions want to drop groups, which is not theirs to do in here; 2.8 does not know the setting.
      NIX_CONFIG='require-drop-supplementary-groups = false' exec nix-daemon --stdio`,
    copies,
  ],
});

/** Why this machine cannot run these tests. */
let unable: string | undefined;
let emulations: readonly Emulation[] = [];
let local: Builder;

beforeAll(async () => {
  const copies = await mkdtemp('/nix/var/binfmt.');
  if (!existsSync(emulator)) unable = `${emulator} is not installed`;
  else {
    try {
      await using _store = await openStore(daemon(copies));
      emulations = await readEmulations(copies);
    } catch (error) {
      unable = `no binfmt_misc of our own: ${String(error)}`;
    }
  }
  if (unable !== undefined) console.warn(`emulation is not tested: ${unable}`);
  local = {
    ...(await localBuilder({ emulations })),
    open: (signal) => openStore(daemon(copies), { signal }),
  };
});
afterAll(() => {
  emulations = [];
});

it('reads what the kernel says of its emulators', ({ skip }) => {
  skip(unable !== undefined, unable);
  expect(emulations).toEqual([
    {
      system: 'aarch64-linux',
      entry: 'qemu-aarch64',
      interpreter: emulator,
      flags: 'OCF',
      fixBinary: true,
    },
  ]);
  expect(local.emulatedSystems).toEqual(['aarch64-linux']);
  expect(local.systems.slice(0, 2)).toEqual(['x86_64-linux', 'i686-linux']);
});

it('builds for a foreign system in the sandbox, told as emulated', async ({ skip }) => {
  skip(unable !== undefined, unable);
  await using fixture = await queueFixture({ builders: [local] });
  const nar = encodeNar({ type: 'regular', contents: aarch64Probe(), executable: true });
  const probe = await fixture.store.addToStore({
    name: 'probe',
    method: 'nar',
    content: Buffer.concat([...nar]),
    references: [],
  });
  const drvPath = await instantiate(`derivation {
    name = "eiffel"; system = "aarch64-linux";
    builder = builtins.storePath "${probe}"; args = [ (placeholder "out") ];
  }`);

  const outcome = await fixture.queue.build(drvPath);

  if (!outcome.ok) throw new Error(outcome.message);
  expect(fixture.of('step.started')).toMatchObject([
    { name: 'eiffel', system: 'aarch64-linux', builder: 'local', emulated: true },
  ]);
  expect(fixture.of('step.log')).toMatchObject([{ line: 'aarch64' }]);
});

it('reads nothing where binfmt_misc is not mounted', async () => {
  expect(await readEmulations('/nix/var/no-such-folder')).toEqual([]);
});
