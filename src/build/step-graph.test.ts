import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStorePath, type StorePath } from '../nix/store-path.ts';
import { createStepGraph, type NewStep, type StepGraph } from './step-graph.ts';

const drv = (name: string): StorePath => parseStorePath(`/nix/store/${'0'.repeat(32)}-${name}.drv`);
const names = (paths: readonly StorePath[]): string[] => paths.map((path) => path.slice(44, -4));
const step = (name: string, ...needs: string[]): NewStep => ({ drvPath: drv(name), needs: needs.map(drv) });

function diamond(): StepGraph {
  const graph = createStepGraph();
  graph.add(
    [step('top', 'left', 'right'), step('left', 'base'), step('right', 'base'), step('base')],
    drv('top'),
  );
  return graph;
}

describe('createStepGraph', () => {
  it('lets a step run once all it needs is done, and forgets what is done', () => {
    const graph = diamond();
    expect(names(graph.runnable())).toEqual(['base']);

    graph.start(drv('base'));
    expect(graph.runnable()).toEqual([]);
    graph.succeed(drv('base'));
    expect(names(graph.runnable())).toEqual(['left', 'right']);

    graph.start(drv('left'));
    graph.succeed(drv('left'));
    expect(graph.state(drv('top'))).toBe('waiting');
    graph.start(drv('right'));
    graph.succeed(drv('right'));
    expect(names(graph.runnable())).toEqual(['top']);
    expect(graph.size).toBe(1);
  });

  it('has the longest chain first, then what more steps wait for, then the order of adding', () => {
    const graph = createStepGraph();
    graph.add(
      [
        step('end', 'plain', 'wide', 'mid', 'x', 'y'),
        step('x', 'wide'),
        step('y', 'wide'),
        step('plain'),
        step('mid', 'deep'),
        step('wide'),
        step('deep'),
        step('late'),
      ],
      drv('end'),
    );
    // `late` is of no use to anyone and not there.
    expect(names(graph.runnable())).toEqual(['wide', 'deep', 'plain']);
  });

  it('raises a step when a later addition makes its chain longer', () => {
    const graph = createStepGraph();
    graph.add([step('a')], drv('a'));
    graph.add([step('b')], drv('b'));
    expect(names(graph.runnable())).toEqual(['a', 'b']);
    graph.add([step('c', 'b')], drv('c'));
    expect(names(graph.runnable())).toEqual(['b', 'a']);
  });

  it('adds what two requests share only once', () => {
    const graph = diamond();
    const added = graph.add(
      [step('other', 'left', 'new'), step('left', 'base'), step('base'), step('new')],
      drv('other'),
    );
    expect(names(added)).toEqual(['other', 'new']);
    expect(graph.size).toBe(6);
  });

  it('fails all that needs a failed step, and drops what only those needed', () => {
    const graph = createStepGraph();
    graph.add(
      [
        step('top', 'bad', 'only', 'shared'),
        step('bad'),
        step('only', 'below'),
        step('below'),
        step('shared'),
      ],
      drv('top'),
    );
    graph.add([step('other', 'shared')], drv('other'));
    graph.start(drv('bad'));

    const { dependents, dropped } = graph.fail(drv('bad'));

    expect(names(dependents)).toEqual(['top']);
    expect(names(dropped).sort()).toEqual(['below', 'only']);
    expect(names(graph.runnable())).toEqual(['shared']);
    expect(graph.state(drv('bad'))).toBeUndefined();
  });

  it('lets a running step end that nobody needs any more', () => {
    const graph = createStepGraph();
    graph.add([step('top', 'bad', 'busy'), step('bad'), step('busy')], drv('top'));
    graph.start(drv('busy'));
    expect(graph.fail(drv('bad')).dropped).toEqual([]);
    expect(graph.state(drv('busy'))).toBe('running');
    graph.succeed(drv('busy'));
    expect(graph.size).toBe(0);
  });

  it('puts a step back, or drops it when nothing needs it by then', () => {
    const graph = createStepGraph();
    graph.add([step('top', 'bad', 'busy'), step('bad'), step('busy')], drv('top'));
    graph.start(drv('busy'));
    expect(graph.putBack(drv('busy'))).toEqual([]);
    expect(graph.state(drv('busy'))).toBe('runnable');

    graph.start(drv('busy'));
    graph.fail(drv('bad'));
    expect(names(graph.putBack(drv('busy')))).toEqual(['busy']);
    expect(graph.size).toBe(0);
  });

  it('refuses needs it does not know and steps that cannot start', () => {
    const graph = createStepGraph();
    expect(() => graph.add([step('a', 'nowhere')], drv('a'))).toThrow(
      'nowhere.drv is not a step of this graph',
    );
    const waiting = diamond();
    expect(() => waiting.start(drv('top'))).toThrow('top.drv is waiting, so it cannot start');
  });

  it('builds any graph in an order that respects needs, each step once', () => {
    fc.assert(
      fc.property(graphs, fc.infiniteStream(fc.nat()), (needs, random) => {
        const graph = createStepGraph();
        graph.add(newSteps(needs), drv('goal'));
        const done = new Set<StorePath>();
        const running: StorePath[] = [];
        while (graph.size > 0) {
          for (const drvPath of graph.runnable().slice(0, 1 + ((random.next().value ?? 0) % 3))) {
            expect(needsOf(needs, drvPath).every((need) => done.has(need))).toBe(true);
            graph.start(drvPath);
            running.push(drvPath);
          }
          const [ended] = running.splice((random.next().value ?? 0) % running.length, 1);
          graph.succeed(ended!);
          expect(done.has(ended!)).toBe(false);
          done.add(ended!);
        }
        expect(done.size).toBe(needs.length + 1);
      }),
    );
  });

  it('after a failure keeps exactly what a remaining goal needs', () => {
    fc.assert(
      fc.property(graphs, fc.nat(), fc.nat(), (needs, badIndex, otherIndex) => {
        const graph = createStepGraph();
        graph.add(newSteps(needs), drv('goal'));
        const other = drv(`s${otherIndex % needs.length}`);
        graph.add([], other);
        const bad = drv(`s${badIndex % needs.length}`);

        const { dependents, dropped } = graph.fail(bad);

        const closure = (of: StorePath): Set<StorePath> =>
          needsOf(needs, of).reduce((all, need) => all.union(closure(need)), new Set([of]));
        const all = newSteps(needs).map(({ drvPath }) => drvPath);
        const above = all.filter((path) => path !== bad && closure(path).has(bad));
        expect(new Set(dependents)).toEqual(new Set(above));
        const left = closure(other).has(bad) ? new Set() : closure(other);
        expect(new Set(all.filter((path) => graph.state(path) !== undefined))).toEqual(left);
        expect(dropped.length + dependents.length + 1 + left.size).toBe(all.length);
      }),
    );
  });
});

/** For each step, which of the steps before it it needs; `goal` needs all. */
const graphs = fc
  .integer({ min: 1, max: 12 })
  .chain((size) =>
    fc.tuple(...Array.from({ length: size }, (_, index) => fc.subarray([...Array(index).keys()]))),
  );

function newSteps(needs: readonly (readonly number[])[]): NewStep[] {
  const steps = needs.map((of, index) => step(`s${index}`, ...of.map((need) => `s${need}`)));
  return [step('goal', ...needs.map((_, index) => `s${index}`)), ...steps];
}

function needsOf(needs: readonly (readonly number[])[], drvPath: StorePath): readonly StorePath[] {
  return newSteps(needs).find((of) => of.drvPath === drvPath)?.needs ?? [];
}
