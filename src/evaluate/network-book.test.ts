import { describe, expect, it } from 'vitest';
import { parseStorePath } from '../nix/store-path.ts';
import type { JobResult } from './evaluation.ts';
import { NetworkBook } from './network-book.ts';

const error = { message: 'broken', trace: 'error: broken' };
const data = (name: string, meta: object = {}): object => ({ hosts: [{ name, tags: [name] }], meta });

function evaluated(name: string, told: unknown): JobResult {
  const drvPath = parseStorePath(`/nix/store/${'0'.repeat(32)}-${name}.drv`);
  const rest = { drvName: name, system: 'x', outputs: new Map(), meta: {}, durationMs: 0 };
  return { ok: true, name, attrPath: [name], drvPath, ...rest, data: told };
}

describe('NetworkBook', () => {
  it('is the network as a whole, in the order of the names, whatever the order in which they came', () => {
    const book = new NetworkBook();
    const meta = { description: 'all', ordering: { tags: ['b'] } };
    const b = evaluated('b', data('b', meta));
    expect(book.enter(b)).toBe(b);
    book.enter({ ok: false, name: 'c', attrPath: ['c'], error, data: data('c', meta) });
    book.enter({ ok: false, name: 'a', attrPath: ['a'], error });
    book.enter(evaluated('B', data('B', meta)));

    expect(book.network()).toMatchObject({
      hosts: [{ name: 'B' }, { name: 'b', tags: ['b'] }, { name: 'c' }],
      description: 'all',
      orderingTags: ['b'],
      brokenHosts: [{ name: 'a', error }],
    });
  });

  it('makes a host of which nonsense is told fail', () => {
    const book = new NetworkBook();

    expect(book.enter(evaluated('a', { hosts: [{ name: 5 }] }))).toMatchObject({
      ok: false,
      name: 'a',
      error: { message: expect.stringMatching(/^what it says of its deployment is not what was expected: /) },
    });
    expect(book.network()?.brokenHosts).toMatchObject([{ name: 'a' }]);
  });

  it('is none when the root does not evaluate, and one without hosts when there are none', () => {
    const book = new NetworkBook();
    expect(book.network()).toEqual({ hosts: [], description: '', orderingTags: [], brokenHosts: [] });
    book.enter({ ok: false, name: '', attrPath: [], error });

    expect(book.network()).toBeUndefined();
  });
});
