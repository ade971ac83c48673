import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { BuildRequest } from './build-request.ts';
import { createStepGraph, type NewStep, type StepGraph, type StepNode } from './step-graph.ts';
import { step as buildStep, drv, request } from './testing/sample-step.ts';

const names = (nodes: Iterable<StepNode>): string[] => [...nodes].map(({ step: { name } }) => name);
const step = (name: string, ...needs: string[]): NewStep => ({
  step: buildStep(name),
  needs: needs.map(drv),
  keeps: [],
});

/** What is runnable, and how often that was told. */
const runnable = new Set<StepNode>();
let told = 0;
beforeEach(() => {
  runnable.clear();
  told = 0;
});

function emptyGraph(): StepGraph {
  return createStepGraph({
    defaults: { timeoutSeconds: 100, maxSilentSeconds: Number.POSITIVE_INFINITY },
    onRunnable(node) {
      runnable.add(node);
      told += 1;
    },
    onNotRunnable: (node) => void runnable.delete(node),
  });
}

function diamond(): StepGraph {
  const graph = emptyGraph();
  graph.add(
    [step('top', 'left', 'right'), step('left', 'base'), step('right', 'base'), step('base')],
    request('top'),
  );
  return graph;
}

const at = (graph: StepGraph, name: string): StepNode => {
  const node = graph.find(drv(name));
  if (node === undefined) throw new Error(`${name} is not in the graph`);
  return node;
};
const state = (graph: StepGraph, name: string): StepNode['state'] | undefined => graph.find(drv(name))?.state;
const run = (graph: StepGraph, name: string): StepNode => {
  const node = at(graph, name);
  graph.start(node);
  return node;
};
const build = (graph: StepGraph, name: string): void => graph.succeed(run(graph, name), [drv(`out-${name}`)]);

describe('createStepGraph', () => {
  it('lets a step run once all it needs is done, and forgets what is done', () => {
    const graph = diamond();
    expect(names(runnable)).toEqual(['base']);
    run(graph, 'base');
    expect(names(runnable)).toEqual([]);
    graph.succeed(at(graph, 'base'), []);
    expect(names(runnable)).toEqual(['left', 'right']);
    build(graph, 'left');
    expect(state(graph, 'top')).toBe('waiting');
    build(graph, 'right');
    expect(names(runnable)).toEqual(['top']);
    expect(graph.size).toBe(1);
  });

  it('measures the longest way up, also when it becomes longer later', () => {
    const graph = diamond();
    graph.add([step('other', 'base')], request('other'));
    const chains = (): number[] => ['top', 'left', 'right', 'base'].map((name) => at(graph, name).chain);
    expect(chains()).toEqual([1, 2, 2, 3]);
    graph.add([step('roof', 'mid'), step('mid', 'left')], request('roof'));
    expect(chains()).toEqual([1, 3, 2, 4]);
  });

  it('tells of a runnable step again when it has become more urgent, and else does not', () => {
    const graph = diamond();
    expect(told).toBe(1);
    graph.add([step('tower', 'roof'), step('roof', 'top')], request('tower'));
    expect(told).toBe(2);
    graph.add([step('beside', 'left')], request('beside'));
    expect(told).toBe(2);
  });

  it('adds what two requests share only once, and nothing that the request does not need', () => {
    const graph = diamond();
    const added = graph.add(
      [step('other', 'left', 'new'), step('left', 'base'), step('base'), step('new'), step('idle')],
      request('other'),
    );
    expect(names(added)).toEqual(['other', 'new']);
    expect(graph.size).toBe(6);
  });

  it('hands down to a step what its inputs are, for it to keep', () => {
    const graph = emptyGraph();
    graph.add([{ ...step('top', 'dep'), keeps: [drv('valid')] }, step('dep')], request('top'));
    build(graph, 'dep');
    expect(at(graph, 'top').keeps).toEqual([drv('valid'), drv('out-dep')]);
  });

  it('fails all that needs a failed step, and drops what only those needed', () => {
    const graph = emptyGraph();
    graph.add(
      [
        step('top', 'bad', 'only', 'shared'),
        step('bad'),
        step('only', 'below'),
        step('below'),
        step('shared'),
      ],
      request('top'),
    );
    graph.add([step('other', 'shared')], request('other'));
    const { dependents, dropped, orphans } = graph.fail(run(graph, 'bad'));
    expect(names(dependents)).toEqual(['top']);
    expect(names(dropped).sort()).toEqual(['below', 'only']);
    expect(orphans).toEqual([]);
    expect(names(runnable)).toEqual(['shared']);
    expect(state(graph, 'bad')).toBeUndefined();
  });

  it('lets a running step end that nobody needs any more', () => {
    const graph = emptyGraph();
    graph.add([step('top', 'bad', 'busy'), step('bad'), step('busy')], request('top'));
    run(graph, 'busy');
    const { dropped, orphans } = graph.fail(at(graph, 'bad'));
    expect(dropped).toEqual([]);
    expect(names(orphans)).toEqual(['busy']);
    expect(state(graph, 'busy')).toBe('running');
    graph.succeed(at(graph, 'busy'), []);
    expect(graph.size).toBe(0);
  });

  it('puts a step back, or drops it when nothing needs it by then', () => {
    const graph = emptyGraph();
    graph.add([step('top', 'bad', 'busy'), step('bad'), step('busy')], request('top'));
    expect(graph.putBack(run(graph, 'busy')).dropped).toEqual([]);
    expect(state(graph, 'busy')).toBe('runnable');
    const busy = run(graph, 'busy');
    graph.fail(at(graph, 'bad'));
    expect(names(graph.putBack(busy).dropped)).toEqual(['busy']);
    expect(names(runnable)).toEqual([]);
    expect(graph.size).toBe(0);
  });

  it('keeps what another request wants when one is released, and tells what runs for nobody', () => {
    const graph = diamond();
    const other = request('left');
    graph.add([], other);
    const top = [...at(graph, 'top').requests][0]!;
    run(graph, 'base');
    expect(names(graph.release(top).dropped).sort()).toEqual(['right', 'top']);
    const last = graph.release(other);
    expect(names(last.dropped)).toEqual(['left']);
    expect(names(last.orphans)).toEqual(['base']);
    expect(graph.release(other)).toEqual({ dropped: [], orphans: [] });
  });

  it('takes an orphan in again for whom it wants', () => {
    const graph = emptyGraph();
    const first = request('a', { id: 1, share: 1, priority: 5 });
    graph.add([step('a')], first);
    run(graph, 'a');
    graph.release(first);
    const second = request('a', { id: 2, share: 2, priority: 3 });
    graph.add([], second);
    expect(at(graph, 'a').demand).toMatchObject({ owner: second, priority: 3, shares: [2] });
    expect(graph.putBack(at(graph, 'a')).dropped).toEqual([]);
    expect(names(runnable)).toEqual(['a']);
  });

  it('refuses needs it does not know and steps that cannot start', () => {
    const graph = emptyGraph();
    expect(() => graph.add([step('a', 'nowhere')], request('a'))).toThrow(
      'nowhere.drv is not a step of this graph',
    );
    const waiting = diamond();
    expect(() => waiting.start(at(waiting, 'top'))).toThrow('top.drv is waiting, so it cannot start');
  });
});

describe('the demand of steps', () => {
  it('is handed down, changed by later requests, and taken back with them', () => {
    const graph = emptyGraph();
    const one = request('one', { id: 7, share: 1, priority: 10, globalPriority: 0 });
    const two = request('two', { id: 9, share: 2, priority: 20, globalPriority: 5, timeoutSeconds: 500 });
    graph.add([step('one', 'mid'), step('mid', 'base'), step('base')], one);
    const base = at(graph, 'base');
    expect(base.demand).toMatchObject({ owner: one, shares: [1], priority: 10, timeoutSeconds: 100 });
    graph.add([step('two', 'mid')], two);
    const both = { owner: one, shares: [1, 2], priority: 20, globalPriority: 5, timeoutSeconds: 500 };
    expect(base.demand).toMatchObject(both);
    one.globalPriority = 8;
    graph.reprioritise(one);
    expect(base.demand.globalPriority).toBe(8);
    graph.release(one);
    expect(base.demand).toMatchObject({ owner: two, shares: [2], priority: 20, globalPriority: 5 });
    graph.release(two);
    expect(graph.size).toBe(0);
  });

  it('never has the tight limits of a build for what that only needs', () => {
    const graph = emptyGraph();
    graph.add([step('top', 'dep'), step('dep')], request('top', { timeoutSeconds: 5, maxSilentSeconds: 7 }));
    expect(at(graph, 'top').demand).toMatchObject({ timeoutSeconds: 5, maxSilentSeconds: 7 });
    expect(at(graph, 'dep').demand).toMatchObject({
      timeoutSeconds: 100,
      maxSilentSeconds: Number.POSITIVE_INFINITY,
    });
    graph.add([], request('dep', { timeoutSeconds: 0 }));
    expect(at(graph, 'dep').demand.timeoutSeconds).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('any graph', () => {
  it('is built in an order that respects needs, each step once', () => {
    fc.assert(
      fc.property(graphs, fc.infiniteStream(fc.nat()), (needs, random) => {
        runnable.clear();
        const graph = emptyGraph();
        graph.add(newSteps(needs), request('goal'));
        const done = new Set<string>();
        const running: StepNode[] = [];
        while (graph.size > 0) {
          for (const node of [...runnable].slice(0, 1 + ((random.next().value ?? 0) % 3))) {
            expect(needsOf(needs, node.step.name).every((need) => done.has(need))).toBe(true);
            graph.start(node);
            running.push(node);
          }
          const [ended] = running.splice((random.next().value ?? 0) % running.length, 1);
          graph.succeed(ended!, []);
          expect(done.has(ended!.step.name)).toBe(false);
          done.add(ended!.step.name);
        }
        expect(done.size).toBe(needs.length + 1);
      }),
    );
  });

  it('has at all times what the requests want of it, and nothing else', () => {
    fc.assert(
      fc.property(
        graphs,
        fc.array(fc.tuple(fc.nat(5), fc.nat(), fc.nat(9)), { maxLength: 30 }),
        (needs, script) => {
          runnable.clear();
          const graph = emptyGraph();
          const wanted = new Set<BuildRequest>();
          const gone = new Set<string>();
          for (const [action, pick, value] of script) {
            const name = `s${pick % needs.length}`;
            const nodes = [...graph.nodes];
            const node = nodes[pick % nodes.length];
            if (action <= 1 && !gone.has(name)) {
              const next = request(name, {
                id: pick % 1000,
                share: value % 3,
                priority: value,
                timeoutSeconds: pick % 300,
              });
              const left = newSteps(needs, gone).filter((each) => !gone.has(each.step.name));
              graph.add(left, next);
              wanted.add(next);
            } else if (action === 2) {
              const [some] = [...wanted].slice(pick % Math.max(wanted.size, 1));
              if (some === undefined) continue;
              graph.release(some);
              wanted.delete(some);
            } else if (action === 3) {
              const [some] = [...wanted].slice(pick % Math.max(wanted.size, 1));
              if (some === undefined) continue;
              some.priority = value * 2;
              graph.reprioritise(some);
            } else if (node?.state === 'runnable') {
              graph.start(node);
              if (action === 4) {
                graph.succeed(node, []);
                gone.add(node.step.name);
              } else graph.fail(node);
              for (const each of wanted) if (graph.find(each.drvPath) === undefined) wanted.delete(each);
            }
            const open = (of: string): string[] => needsOf(needs, of).filter((need) => !gone.has(need));
            expect(problems(graph, wanted, open)).toEqual([]);
          }
        },
      ),
    );
  });
});

/** Compares the graph with what it has to be, found out the long way; says what is wrong. */
function problems(
  graph: StepGraph,
  wanted: ReadonlySet<BuildRequest>,
  needs: (name: string) => readonly string[],
): readonly string[] {
  const wantedBy = new Map<string, Set<BuildRequest>>();
  const mark = (name: string, by: BuildRequest): void => {
    wantedBy.set(name, (wantedBy.get(name) ?? new Set()).add(by));
    for (const need of needs(name)) mark(need, by);
  };
  for (const each of wanted) mark(nameOf(each), each);
  const found: string[] = [];
  const compare = (what: string, has: unknown, shall: unknown): void => {
    const [left, right] = [JSON.stringify(has), JSON.stringify(shall)];
    if (left !== right) found.push(`${what}: ${left}, wanted ${right}`);
  };
  const nodes = [...graph.nodes];
  compare('steps', names(nodes).sort(), [...wantedBy.keys()].sort());
  for (const node of nodes) {
    const { name } = node.step;
    const { demand } = node;
    const by = [...(wantedBy.get(name) ?? [])];
    const limits = by.map((each) => {
      const seconds = each.ticket?.timeoutSeconds || Number.POSITIVE_INFINITY;
      return nameOf(each) === name ? seconds : Math.max(100, seconds);
    });
    compare(`${name}: priority`, demand.priority, Math.max(...by.map(({ priority }) => priority)));
    compare(`${name}: owner`, demand.owner?.ticket?.id, Math.min(...by.map(({ ticket }) => ticket!.id)));
    const shares = new Set(by.map(({ ticket }) => ticket!.share));
    compare(
      `${name}: shares`,
      demand.shares,
      [...shares].sort((a, b) => a - b),
    );
    compare(`${name}: limit`, demand.timeoutSeconds, Math.max(...limits));
    compare(`${name}: runnable`, runnable.has(node), node.needs.size === 0);
    for (const need of node.needs) compare(`${name}: chain`, need.chain > node.chain, true);
  }
  return found;
}

const nameOf = (request: BuildRequest): string => request.drvPath.slice(44, -4);

/** For each step, which of the steps before it it needs; `goal` needs all. */
const graphs = fc
  .integer({ min: 1, max: 12 })
  .chain((size) =>
    fc.tuple(...Array.from({ length: size }, (_, index) => fc.subarray([...Array(index).keys()]))),
  );

function newSteps(needs: readonly (readonly number[])[], done: ReadonlySet<string> = new Set()): NewStep[] {
  const open = (of: readonly string[]): string[] => of.filter((name) => !done.has(name));
  const steps = needs.map((of, index) => step(`s${index}`, ...open(of.map((need) => `s${need}`))));
  return [step('goal', ...open(needs.map((_, index) => `s${index}`))), ...steps];
}

function needsOf(needs: readonly (readonly number[])[], name: string): readonly string[] {
  const all = newSteps(needs);
  const found = all.find((of) => of.step.name === name)?.needs ?? [];
  return found.map((need) => need.slice(44, -4));
}
