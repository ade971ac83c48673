import { describe, expect, it } from 'vitest';
import type { WaitReason } from '../../build/scheduler.ts';
import { parseStorePath } from '../../nix/store-path.ts';
import { explainWait } from './explain-wait.ts';

const drvPath = parseStorePath('/nix/store/00000000000000000000000000000000-hello-2.12.drv');
const now = 100_000;
const reasons: readonly [WaitReason | { type: 'finished'; status: number }, string][] = [
  [{ type: 'finished', status: 0 }, 'It is finished, and succeeded.'],
  [{ type: 'finished', status: 6 }, 'It is finished, and did not succeed.'],
  [{ type: 'not-planned', ahead: 1 }, 'Its derivations have not been looked at yet; 1 build comes first.'],
  [{ type: 'running', steps: [{ drvPath, builder: 'local' }] }, 'Being built for it: hello-2.12 on local.'],
  [{ type: 'dependencies', left: 3 }, 'It waits for 3 steps that it needs; the next begins in a moment.'],
  [
    { type: 'no-free-slot', ahead: 2, builders: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] },
    'All builders that could take it are busy (a, b, c, d, e and 2 more); 2 steps come first.',
  ],
  [
    { type: 'builders-avoided', builders: [{ name: 'b1', until: now + 5000, why: 'ssh ended' }] },
    'The builders that could take it were lost and are being avoided: b1 for another 5.0 s, because ssh ended.',
  ],
  [{ type: 'builders-drained', builders: ['b1'] }, 'The builders that could take it are drained: b1.'],
  [
    { type: 'no-builder', why: 'none has riscv64-linux', failsAt: null },
    'No builder can take it: none has riscv64-linux.',
  ],
  [
    { type: 'no-builder', why: 'none has kvm', failsAt: now + 120_000 },
    'No builder can take it: none has kvm. It fails in 2 min 0 s when that does not change.',
  ],
  [{ type: 'unknown-build' }, 'The scheduler does not know it yet.'],
];

describe('explainWait', () => {
  it.each(reasons)('%j', (reason, sentence) => {
    expect(explainWait(reason, now)).toBe(sentence);
  });
});
