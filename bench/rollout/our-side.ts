/** Our side of the rollout benchmark, a program of its own: `our-side.ts SETTING` in JSON (`sides.ts`). */

import { createFleetCopier } from '../../src/deploy/copy/create-fleet-copier.ts';
import { parseStorePath } from '../../src/nix/store-path.ts';
import { openStore } from '../../src/store/open-store.ts';
import { openBenchSession } from './open-bench-session.ts';
import type { Setting } from './sides.ts';

const setting = JSON.parse(process.argv[2] ?? '') as Setting; // written by the benchmark
const { signal } = new AbortController();
const quiet = { signal, onLine: () => {}, emit: () => {} };
await using store = await openStore({ type: 'local' });
await using copier = createFleetCopier({ store });

async function rollOut(target: Setting['targets'][number]): Promise<void> {
  const toplevel = parseStorePath(target.toplevel);
  await using session = await openBenchSession(target, setting.sshConfigFile, signal);
  await copier.copy(session, { roots: [toplevel], substitute: false }, quiet);
  const commands = [
    ['nix-env', '--profile', '/nix/var/nix/profiles/system', '--set', toplevel],
    [`${toplevel}/bin/switch-to-configuration`, 'switch'],
  ];
  for (const words of commands) {
    const code = await session.run(words, quiet);
    if (code !== 0) throw new Error(`${target.name}: ${words.join(' ')} ended with exit code ${code}`);
  }
}

await Promise.all(setting.targets.map(rollOut));
