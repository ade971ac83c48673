/** The peers: `nix-instantiate`, once for all hosts, or side by side with a share of the hosts for each. */

import { networkRoot, toplevelAttrPath } from '../../src/network/network-root.ts';
import { nixString } from '../../src/nix/nix-string.ts';
import { runProcess } from '../../src/process/run-process.ts';
import type { Contestant } from './evaluation.ts';
import { PeakMemory, startsWith } from './peak-memory.ts';

/** With that many processes, each starting with a heap of that many bytes (undefined: what Nix chooses). */
export function withProcesses(count: number, heap: string | undefined): Contestant {
  return async ({ file, hosts, env }) => {
    using memory = new PeakMemory(startsWith('nix-instantiate'));
    const start = performance.now();
    const outputs = await Promise.all(
      deal(hosts, count).map((share) =>
        runProcess(['nix-instantiate', '--expr', toplevels(file, share)], {
          env: heap === undefined ? env : { ...env, GC_INITIAL_HEAP_SIZE: heap },
        }),
      ),
    );
    const wallMs = performance.now() - start;
    const drvPaths = outputs.flatMap(({ stdout }) => stdout.trim().split('\n'));
    return { wallMs, firstMs: undefined, peak: memory.sum, drvPaths: drvPaths.toSorted() };
  };
}

/** In turn, as cards, so that no share has all of the first. */
export function deal<T>(items: readonly T[], shares: number): readonly (readonly T[])[] {
  return Array.from({ length: shares }, (_, share) => items.filter((_, index) => index % shares === share));
}

/** All systems from one root, as Morph evaluates them. */
function toplevels(file: string, hosts: readonly string[]): string {
  const selected = hosts.map((host) => `root.${toplevelAttrPath(host).map(nixString).join('.')}`);
  return `let root = ${networkRoot(file)}; in [ ${selected.join(' ')} ]`;
}
