/** A session to a host of the lab for tests of single steps: what a step needs of one, and no more. */

import { createInterface } from 'node:readline';
import type { HostFacts } from '../../src/deploy/session/host-facts.ts';
import type { HostSession } from '../../src/deploy/session/host-session.ts';
import { sshArgv } from '../../src/process/ssh.ts';
import { startProcess } from '../../src/process/start-process.ts';
import { openStore } from '../../src/store/open-store.ts';
import { AppError } from '../../src/util/app-error.ts';
import type { LabHost } from '../lab/lab-host.ts';

async function factsOf(host: LabHost): Promise<HostFacts> {
  const { stdout } = await host.exec(
    'df --output=avail -B1 /nix/store | tail -n 1; cat /proc/sys/kernel/random/boot_id',
  );
  const [free = '0', bootId = ''] = stdout.trim().split('\n');
  return {
    current: undefined,
    booted: undefined,
    profile: undefined,
    generation: undefined,
    generations: [],
    bootId,
    needsReboot: false,
    failedUnits: undefined,
    freeBytes: Number(free),
    user: 'root',
    hasSystemd: false,
    trusted: true,
    activation: undefined,
  };
}

/** The facts are asked again with every `refresh`, and are what `change` says over that. */
export async function labSession(host: LabHost, change: Partial<HostFacts> = {}): Promise<HostSession> {
  const { target, settings } = host.ssh;
  const store = await openStore({ type: 'ssh', target, settings }, { shareLogin: true });
  return {
    host: { name: host.name, target },
    ssh: settings,
    store,
    facts: { ...(await factsOf(host)), ...change },
    reset: async () => {},
    refresh: () => factsOf(host),
    async run(words, { onLine, signal, stdin }) {
      await using child = await startProcess(sshArgv(target, settings, words), { signal });
      const lines = [child.stdout, child.stderr].map(async (input) => {
        for await (const line of createInterface({ input })) onLine(line);
      });
      const parts = stdin === undefined ? [] : stdin instanceof Uint8Array ? [stdin] : stdin;
      for await (const part of parts) child.stdin.write(part);
      child.stdin.end();
      const { code } = await child.exited;
      await Promise.all(lines);
      if (code === 255)
        throw new AppError('deploy.connection-lost', `the connection to ${host.name} was lost`);
      return code ?? 255;
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
