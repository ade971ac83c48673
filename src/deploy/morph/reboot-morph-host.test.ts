import { describe, expect, it } from 'vitest';
import type { ProcessExit } from '../../process/running-command.ts';
import type { MorphRemote } from './morph-remote.ts';
import { rebootMorphHost } from './reboot-morph-host.ts';

const host = { name: 'web01', target: { host: 'web01' } } as const;

/** Answers boot ids in their order (null: it cannot be reached), and `reboot` with an exit code. */
function remote(ids: readonly (string | null)[], reboot = 255) {
  const left = [...ids];
  const calls: string[] = [];
  const no = (): Promise<ProcessExit> => Promise.reject(new Error('not expected'));
  const stand: MorphRemote = {
    local: no,
    sudo: no,
    upload: no,
    async run(_host, words, { stdout }) {
      calls.push(words.join(' '));
      if (words[0] === 'sudo') return { code: reboot, signal: null };
      const id = left.shift() ?? null;
      if (id !== null) stdout?.(Buffer.from(`${id}\n`));
      return { code: id === null ? 255 : 0, signal: null };
    },
  };
  return { stand, calls };
}

async function reboot(given: ReturnType<typeof remote>): Promise<{ text: string; pauses: number[] }> {
  let text = '';
  const pauses: number[] = [];
  await rebootMorphHost(host, {
    remote: given.stand,
    write: (more) => {
      text += more;
    },
    signal: new AbortController().signal,
    sleep: async (ms) => void pauses.push(ms),
  });
  return { text, pauses };
}

describe('rebootMorphHost', () => {
  it('waits until the host has come back with another boot id', async () => {
    const given = remote(['one', 'one', null, 'two']);

    const { text, pauses } = await reboot(given);

    expect(text).toBe(
      'Asking host to reboot ... Remote host disconnected.\nOK\nWaiting for host to come online ... OK\n',
    );
    expect(pauses).toEqual([2000, 2000]);
    expect(given.calls).toEqual([
      'cat /proc/sys/kernel/random/boot_id',
      'sudo reboot',
      ...Array.from({ length: 3 }, () => 'cat /proc/sys/kernel/random/boot_id'),
    ]);
  });

  it('does not wait for a host that tells no boot id, and says what that means', async () => {
    const given = remote([null], 0);

    const { text } = await reboot(given);

    expect(text).toMatch(/^Error getting boot ID .*: exit status 255\nThis makes it impossible/);
    expect(text).toMatch(/Asking host to reboot \.\.\. OK\n$/);
    expect(given.calls).toHaveLength(2);
  });

  it('fails when the host cannot be asked', async () => {
    await expect(reboot(remote(['one'], 1))).rejects.toThrow('exit status 1');
  });

  it('stops waiting when the signal fires', async () => {
    const abort = new AbortController();
    const waiting = rebootMorphHost(host, {
      remote: remote(['one', 'one', 'one']).stand,
      write: () => {},
      signal: abort.signal,
      sleep: async () => abort.abort(),
    });

    await expect(waiting).rejects.toMatchObject({ code: 'interrupted' });
  });
});
