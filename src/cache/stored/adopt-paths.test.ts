import { describe, expect, it } from 'vitest';
import { parseStorePath } from '../../nix/store-path.ts';
import { adoptPaths } from './adopt-paths.ts';

const path = parseStorePath(`/nix/store/${'0'.repeat(32)}-x`);
const never = new AbortController().signal;

function setUp(after: number) {
  const wanted: string[] = [];
  let looks = 0;
  const kept = { mayHave: () => ++looks > after };
  const materialiser = {
    waiting: 1,
    want: (paths: Iterable<string>, why: string) => void wanted.push(...paths, why),
  };
  return { wanted, deps: { materialiser, kept }, looks: () => looks };
}

describe('adoptPaths', () => {
  it('waits until all of them are kept', async () => {
    const { wanted, deps, looks } = setUp(2);
    await adoptPaths(deps, [path], never);

    expect(wanted).toEqual([path, 'built']);
    expect(looks()).toBe(3);
  });

  it('waits no longer when nothing is under way any more', async () => {
    const { deps } = setUp(Number.POSITIVE_INFINITY);
    await adoptPaths({ ...deps, materialiser: { ...deps.materialiser, waiting: 0 } }, [path], never);
  });

  it('ends when the client goes away', async () => {
    const { deps } = setUp(Number.POSITIVE_INFINITY);

    await expect(adoptPaths(deps, [path], AbortSignal.abort())).rejects.toMatchObject({
      code: 'interrupted',
    });
  });
});
