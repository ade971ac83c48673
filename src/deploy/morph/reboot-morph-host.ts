/**
 * Rebooting a host and waiting for it, as Morph does: the kernel's boot id is another one when it has come back. A host
 * that does not tell its boot id is not waited for.
 */

import { AppError } from '../../util/app-error.ts';
import { pause } from '../../util/pause.ts';
import { exitWords } from './exit-words.ts';
import type { MorphHost, MorphRemote } from './morph-remote.ts';

export interface MorphRebootOptions {
  readonly remote: MorphRemote;
  readonly write: (text: string) => void;
  readonly signal: AbortSignal;
  readonly sleep?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined;
}

/** An ssh that does not come to an end says as little as one that fails. */
const patienceMs = 5000;
const pollMs = 2000;
const sshFailed = 255;

/** Throws `deploy.failed` when the host could not be asked to reboot. Waits without limit. */
export async function rebootMorphHost(host: MorphHost, options: MorphRebootOptions): Promise<void> {
  const { remote, write, signal, sleep = pause } = options;
  const before = await bootId(host, options);
  if (!before.ok) {
    write(
      `Error getting boot ID (this is used to determine when the reboot is complete): ${before.why}\n` +
        'This makes it impossible to detect when the host has rebooted, so health checks might pass before the host has rebooted.\n',
    );
  }
  write('Asking host to reboot ... ');
  const exit = await remote.run(host, ['sudo', 'reboot'], { signal, output: () => {} });
  stopIf(signal);
  // The connection may be gone before the answer is.
  if (exit.code === sshFailed) write('Remote host disconnected.\n');
  else if (exit.code !== 0) {
    write('Failed\nReboot failed\n');
    throw new AppError('deploy.failed', exitWords(exit));
  }
  write('OK\n');
  if (!before.ok) return;
  write('Waiting for host to come online ');
  while (true) {
    write('.');
    const now = await bootId(host, options);
    if (now.ok && now.id !== '' && now.id !== before.id) break;
    await sleep(pollMs, signal);
  }
  write(' OK\n');
}

type BootId = { readonly ok: true; readonly id: string } | { readonly ok: false; readonly why: string };

async function bootId(host: MorphHost, { remote, write, signal }: MorphRebootOptions): Promise<BootId> {
  const printed: Uint8Array[] = [];
  const exit = await remote.run(host, ['cat', '/proc/sys/kernel/random/boot_id'], {
    signal: AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]),
    output: (chunk) => write(Buffer.from(chunk).toString()),
    stdout: (chunk) => printed.push(chunk),
  });
  stopIf(signal);
  if (exit.code !== 0) return { ok: false, why: exitWords(exit) };
  return { ok: true, id: Buffer.concat(printed).toString().trim() };
}

function stopIf(signal: AbortSignal): void {
  if (signal.aborted) throw new AppError('interrupted', 'interrupted');
}
