/** A process that fills and empties a cache is killed after each kind of step, and at any moment; see `run.ts` for more. */

import { describe, expect, it } from 'vitest';
import { samplesOf } from './fault-samples.ts';
import { createFaultWorld } from './fault-world.ts';

/** Kinds of steps that every cache goes through; `within` are those of transactions. */
const kinds = [
  ...['file.write', 'file.commit', 'file.delete', 'nars.claim', 'nars.add', 'nars.remove'],
  ...['paths.add', 'paths.remove', 'uploads.received', 'within paths.add', 'within uploads.remove'],
  'transaction',
];

describe('a cache whose process is killed', () => {
  it('is whole after every kind of step, with files in a folder', async () => {
    await using world = await createFaultWorld('file');
    const whole = [await world.run(0), await world.run(1)];
    const { steps } = whole[1] ?? { steps: [] };
    expect(steps).toEqual(expect.arrayContaining(kinds));
    let orphans = 0;
    for (const [n, kind] of kinds.entries()) {
      // Not always the first of its kind.
      const number = 1 + (n % steps.filter((name) => name === kind).length);
      await world.run(n + 2, { step: `${kind}#${number}` });
      const found = await world.check();
      expect([kind, found.problems]).toEqual([kind, []]);
      orphans += found.orphans;
    }
    expect(orphans).toBeGreaterThan(0);

    const last = await world.run(100);
    const { paths, problems } = await world.check();
    const { built, uploaded } = samplesOf(100);
    expect([last.isDone, problems]).toEqual([true, []]);
    expect([...paths].toSorted()).toEqual([...built, ...uploaded].map(({ path }) => path).toSorted());
  });

  it.each([
    ['a folder', 'file', 2],
    ['S3', 's3', 4],
  ] as const)('is whole at any moment, with files in %s', async (_, kind, rounds) => {
    await using world = await createFaultWorld(kind);
    await world.run(0);
    for (let round = 1; round <= rounds; round++) {
      await world.run(round, { afterMs: round * 60 });
      expect((await world.check()).problems).toEqual([]);
    }
    expect((await world.run(100)).isDone).toBe(true);
    expect(await world.check()).toMatchObject({ problems: [], orphans: 0 });
  });
});
