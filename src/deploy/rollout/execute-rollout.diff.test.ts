import { describe, expect, it } from 'vitest';
import type { HostDiff } from '../diff/host-diff.ts';
import { fakeFleet, oldSystem } from '../testing/fake-fleet.ts';
import { memoryJournal, plannedEntry } from '../testing/memory-journal.ts';
import { effects, fresh, type Played, plan, play } from '../testing/play-rollout.ts';
import type { HostSteps } from './host-steps.ts';
import type { JournalEntry } from './journal.ts';

/** Hosts that are asked for what changes on them in this way. */
function playWith(
  diff: NonNullable<HostSteps['diff']>,
  {
    entries = [],
    ...options
  }: Parameters<typeof play>[1] & { readonly entries?: readonly JournalEntry[] } = {},
): Played {
  const it = plan(['web']);
  const fleet = options.fleet ?? fakeFleet(['web'], options);
  return play(it, {
    ...options,
    fleet,
    journal: memoryJournal([plannedEntry(it), ...entries]),
    openSteps: (host, rollout) => ({ ...fleet.open(host, rollout), diff }),
  });
}
const diffOf = (before: string | undefined): HostDiff => ({ before, after: fresh, unknown: [] });
const types = ({ journal }: Played) => journal.written.map(({ type }) => type);
const recorded = ({ journal }: Played) =>
  journal.written.flatMap((entry) => (entry.type === 'diff' ? [entry.diff] : []));

describe('what changes on hosts', () => {
  it('is recorded, against what each ran when it was begun', async () => {
    const played = playWith(async (before) => diffOf(before));

    expect((await played.end).result).toBe('succeeded');
    expect(recorded(played)).toEqual([diffOf(oldSystem)]);
  });

  it('is waited for at the end only, and before the rollout is over', async () => {
    const asked = Promise.withResolvers<void>();
    const played = playWith(
      async (before) => {
        await asked.promise;
        return diffOf(before);
      },
      { sleep: () => new Promise(() => {}) },
    );

    // All is done on the host, and nobody has waited.
    await expect.poll(() => types(played).at(-1)).toBe('host');
    asked.resolve();
    await played.end;
    expect(types(played).slice(-3)).toEqual(['host', 'diff', 'ended']);
  });

  it('is done without when it takes too long', async () => {
    let given = true;
    const played = playWith(
      (_, { signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            given = false;
            reject(signal.reason);
          });
        }),
      { sleep: async () => {} },
    );

    expect((await played.end).result).toBe('succeeded');
    expect(types(played).at(-1)).toBe('ended');
    expect(recorded(played)).toEqual([]);
    expect(given).toBe(false);
  });

  it('keeps no host from anything when it cannot be found out', async () => {
    const played = playWith(() => Promise.reject(new Error('no luck')));

    expect((await played.end).result).toBe('succeeded');
    expect(effects(played, 'web')).toContain('kept');
  });

  it('is asked once, and against what ran before the first attempt', async () => {
    const begun: readonly JournalEntry[] = [
      { type: 'started', at: 1, by: 'x' },
      { type: 'step', at: 1, host: 'web', step: 'begin' },
      { type: 'previous', at: 1, host: 'web', current: oldSystem, profile: oldSystem },
      { type: 'step', at: 1, host: 'web', step: 'activate' },
    ];
    const activated = () => {
      const fleet = fakeFleet(['web']);
      const web = fleet.hosts.get('web');
      web?.store.add(fresh);
      if (web !== undefined) web.current = fresh;
      return fleet;
    };
    const first = playWith(async (before) => diffOf(before), { entries: begun, fleet: activated() });
    await first.end;
    expect(recorded(first)).toEqual([diffOf(oldSystem)]);

    const known: JournalEntry = { type: 'diff', at: 1, host: 'web', diff: diffOf(oldSystem) };
    const second = playWith(async () => diffOf(undefined), {
      entries: [...begun, known],
      fleet: activated(),
    });
    await second.end;
    expect(recorded(second)).toEqual([diffOf(oldSystem)]);
  });
});
