/** A session to a host of the lab for tests of single steps: what a step needs of one, and no more. */

import type { HostFacts } from '../../src/deploy/session/host-facts.ts';
import type { HostSession } from '../../src/deploy/session/host-session.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { sshArgv } from '../../src/process/ssh.ts';
import { openStore } from '../../src/store/open-store.ts';
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
    refresh: () => factsOf(host),
    async run(words, { onLine, signal, stdin }) {
      const chunks: Uint8Array[] = [];
      if (stdin instanceof Uint8Array) chunks.push(stdin);
      else if (stdin !== undefined) for await (const chunk of stdin) chunks.push(chunk);
      const okCodes = Array.from({ length: 255 }, (_, code) => code);
      const argv = sshArgv(target, settings, words);
      const { stdout, stderr, code } = await runProcess(argv, {
        input: Buffer.concat(chunks),
        signal,
        okCodes,
      });
      for (const line of `${stdout}${stderr}`.split('\n')) if (line !== '') onLine(line);
      return code;
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
