/**
 * The steps that still have to be built, what waits for what, and how urgent each is. Pure and in memory;
 * `create-scheduler.ts` drives it.
 *
 * A step is `waiting` while something it needs is in the graph, then `runnable`, then `running`. When it is done it
 * leaves the graph, and what waited only for it becomes runnable. When it fails it leaves together with everything
 * that needs it, however far up. A step that is put back (its builder was lost) is runnable again. Steps that no
 * request wants and no step in the graph needs are dropped; those of them that already run stay until they end, and
 * are called orphans: nobody waits for them.
 *
 * Two things are handed down from the requests to all that they need, and corrected step by step where something
 * changes, never for the whole graph: the `demand` (`step-demand.ts`), and the `chain`: how many steps there are on the
 * longest way up. A chain never becomes shorter while its step is there, so a step always has a longer chain than
 * those that need it, and corrections that go by the length of chains come to each step once.
 */

import type { StorePath } from '../nix/store-path.ts';
import type { BuildRequest } from './build-request.ts';
import type { BuildStep } from './build-step.ts';
import { createHeap } from './heap.ts';
import {
  type DefaultLimits,
  demandBelow,
  demandOf,
  foldDemands,
  type StepDemand,
  sameDemand,
} from './step-demand.ts';

export interface StepNode {
  readonly step: BuildStep;
  /** In the order of adding. */
  readonly number: number;
  readonly needs: ReadonlySet<StepNode>;
  readonly dependents: ReadonlySet<StepNode>;
  /** Those that asked for this very derivation. */
  readonly requests: ReadonlySet<BuildRequest>;
  readonly state: 'waiting' | 'runnable' | 'running';
  /** Steps on the longest way up, itself included. */
  readonly chain: number;
  readonly demand: StepDemand;
  /** Its inputs that are valid: they must stay so until it has been built. */
  readonly keeps: readonly StorePath[];
}

/** As only this file may change it. */
interface Node extends StepNode {
  readonly needs: Set<Node>;
  readonly dependents: Set<Node>;
  readonly requests: Set<BuildRequest>;
  readonly keeps: StorePath[];
  state: StepNode['state'];
  chain: number;
  demand: StepDemand;
}

export interface NewStep {
  readonly step: BuildStep;
  /** Steps of the graph, or of the same call. */
  readonly needs: readonly StorePath[];
  readonly keeps: readonly StorePath[];
}

/** What has come to be of no use: `dropped` is gone, `orphans` run. */
export interface Useless {
  readonly dropped: readonly StepNode[];
  readonly orphans: readonly StepNode[];
}

export interface StepGraph {
  readonly size: number;
  readonly nodes: IteratorObject<StepNode>;
  find(drvPath: StorePath): StepNode | undefined;
  /**
   * Adds the steps that are not there yet, and the request to its step, which is one of them or of the graph. Returns
   * the steps that were added. Throws a `TypeError` when a need is nowhere.
   */
  add(steps: readonly NewStep[], request: BuildRequest): readonly StepNode[];
  start(node: StepNode): void;
  /** The running step goes back to runnable, unless it was an orphan: then it is dropped. */
  putBack(node: StepNode): Useless;
  /** `outputs` are what those that need it have to keep. */
  succeed(node: StepNode, outputs: readonly StorePath[]): void;
  /** What failed with it, nearest first, and what only those needed. */
  fail(node: StepNode): Useless & { readonly dependents: readonly StepNode[] };
  /** The request wants its step no more. */
  release(request: BuildRequest): Useless;
  /** The request's priority has changed. */
  reprioritise(request: BuildRequest): void;
}

export interface StepGraphOptions {
  readonly defaults: DefaultLimits;
  /** Told when a step becomes runnable, or its place among the runnable ones may have changed. */
  readonly onRunnable: (node: StepNode) => void;
  /** Told when a step is not runnable any more. */
  readonly onNotRunnable: (node: StepNode) => void;
}

export function createStepGraph({ defaults, onRunnable, onNotRunnable }: StepGraphOptions): StepGraph {
  const nodes = new Map<StorePath, Node>();
  let count = 0;

  /** The node as one of ours, which only we may change. */
  const own = ({ step }: StepNode): Node => find(step.drvPath);
  const find = (drvPath: StorePath): Node => {
    const node = nodes.get(drvPath);
    if (node === undefined) throw new TypeError(`${drvPath} is not a step of this graph`);
    return node;
  };
  const become = (node: Node, state: StepNode['state']): void => {
    const was = node.state;
    node.state = state;
    if (state === 'runnable') onRunnable(node);
    else if (was === 'runnable') onNotRunnable(node);
  };
  const remove = (node: Node): void => {
    nodes.delete(node.step.drvPath);
    if (node.state === 'runnable') onNotRunnable(node);
  };
  const isUseless = (node: Node): boolean => node.requests.size === 0 && node.dependents.size === 0;

  /** Those of the steps that are not there yet and that the root needs. */
  const reachable = (steps: readonly NewStep[], root: StorePath): readonly NewStep[] => {
    const fresh = new Map(
      steps.filter(({ step }) => !nodes.has(step.drvPath)).map((step) => [step.step.drvPath, step]),
    );
    const found = new Set<NewStep>();
    const top = fresh.get(root);
    if (top !== undefined) found.add(top);
    for (const { needs } of found) {
      for (const need of needs) {
        const step = fresh.get(need);
        if (step !== undefined) found.add(step);
      }
    }
    return [...found];
  };

  /** Drops those of the candidates that are of no use, then what only they needed; corrects the demand of the rest. */
  const drop = (candidates: Iterable<Node>): Useless => {
    const dropped: Node[] = [];
    const orphans = new Set<Node>();
    const kept = new Set<Node>();
    const queue = [...candidates];
    for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
      if (nodes.get(node.step.drvPath) !== node) continue;
      if (!isUseless(node)) kept.add(node);
      else if (node.state === 'running') orphans.add(node);
      else {
        remove(node);
        dropped.push(node);
        for (const need of node.needs) need.dependents.delete(node);
        queue.push(...node.needs);
      }
    }
    refold([...kept].filter((node) => nodes.get(node.step.drvPath) === node && !isUseless(node)));
    return { dropped, orphans: [...orphans] };
  };

  /** Goes down from the steps, those with shorter chains first; `change` says whether to go on below a step. */
  const descend = (from: Iterable<Node>, change: (node: Node) => boolean): void => {
    const queued = new Set(from);
    const heap = createHeap<Node>((a, b) => a.chain < b.chain);
    for (const node of queued) heap.push(node);
    for (let node = heap.pop(); node !== undefined; node = heap.pop()) {
      queued.delete(node);
      if (!change(node)) continue;
      if (node.state === 'runnable') onRunnable(node);
      for (const need of node.needs) {
        if (queued.has(need)) continue;
        queued.add(need);
        heap.push(need);
      }
    }
  };

  /** After something above was taken away: the demand of each is made up again from all that want it. */
  const refold = (from: Iterable<Node>): void => {
    descend(from, (node) => {
      const demand = [
        ...[...node.requests].map((request) => demandOf(request, defaults)),
        ...[...node.dependents].map((dependent) => demandBelow(dependent.demand, defaults)),
      ].reduce(foldDemands);
      if (sameDemand(demand, node.demand)) return false;
      node.demand = demand;
      return true;
    });
  };

  /** After something was added above: what has more of a demand now hands it down. */
  const raise = (root: Node, fresh: ReadonlySet<Node>): void => {
    const raised = new Set([root]);
    descend([root], (node) => {
      if (!raised.has(node)) return false;
      const below = demandBelow(node.demand, defaults);
      for (const need of node.needs) {
        const isFirst = fresh.has(need) && !raised.has(need);
        const demand = isFirst ? below : foldDemands(need.demand, below);
        if (!isFirst && demand === need.demand) continue;
        need.demand = demand;
        raised.add(need);
      }
      return true;
    });
  };

  /** Measures the chains of new steps, each once all that need it are, and those of old ones that they make longer. */
  const measure = (fresh: ReadonlySet<Node>, root: Node): void => {
    const open = new Map([...fresh].map((node) => [node, node.dependents.size]));
    const longer: Node[] = [];
    const measured = [root];
    for (const node of measured) {
      for (const need of node.needs) {
        const grows = need.chain < node.chain + 1;
        if (grows) need.chain = node.chain + 1;
        const left = open.get(need);
        if (left === undefined) {
          if (grows) longer.push(need);
        } else if (left === 1) {
          measured.push(need);
        } else {
          open.set(need, left - 1);
        }
      }
    }
    // Shorter chains first, so that a step is rarely lengthened twice.
    const heap = createHeap<Node>((a, b) => a.chain < b.chain);
    for (const node of longer) heap.push(node);
    for (let node = heap.pop(); node !== undefined; node = heap.pop()) {
      if (node.state === 'runnable') onRunnable(node);
      for (const need of node.needs) {
        if (need.chain > node.chain) continue;
        need.chain = node.chain + 1;
        heap.push(need);
      }
    }
  };

  return {
    get size() {
      return nodes.size;
    },
    get nodes() {
      return nodes.values();
    },
    find: (drvPath) => nodes.get(drvPath),
    add(steps, request) {
      const demand = demandOf(request, defaults);
      const fresh = reachable(steps, request.drvPath);
      for (const { step, keeps } of fresh) {
        nodes.set(step.drvPath, {
          step,
          number: count++,
          needs: new Set(),
          dependents: new Set(),
          requests: new Set(),
          state: 'waiting',
          chain: 1,
          demand,
          keeps: [...keeps],
        });
      }
      const added = new Set(fresh.map(({ step }) => find(step.drvPath)));
      for (const { step, needs } of fresh) {
        const node = find(step.drvPath);
        for (const need of needs.map(find)) {
          node.needs.add(need);
          need.dependents.add(node);
        }
      }
      const root = find(request.drvPath);
      root.demand = isUseless(root) ? demand : foldDemands(root.demand, demand);
      root.requests.add(request);
      measure(added, root);
      raise(root, added);
      for (const node of added) if (node.needs.size === 0) become(node, 'runnable');
      return [...added];
    },
    start(node) {
      if (node.state !== 'runnable') {
        throw new TypeError(`${node.step.drvPath} is ${node.state}, so it cannot start`);
      }
      become(own(node), 'running');
    },
    putBack(node) {
      const back = own(node);
      if (isUseless(back)) {
        back.state = 'waiting';
        return drop([back]);
      }
      become(back, 'runnable');
      return { dropped: [], orphans: [] };
    },
    succeed(node, outputs) {
      const done = own(node);
      remove(done);
      for (const dependent of done.dependents) {
        dependent.needs.delete(done);
        dependent.keeps.push(...outputs);
        if (dependent.needs.size === 0) become(dependent, 'runnable');
      }
    },
    fail(node) {
      const first = own(node);
      const failed = new Set([first]);
      for (const each of failed) for (const dependent of each.dependents) failed.add(dependent);
      const below = new Set<Node>();
      for (const each of failed) {
        remove(each);
        for (const need of each.needs) {
          need.dependents.delete(each);
          below.add(need);
        }
      }
      failed.delete(first);
      return { dependents: [...failed], ...drop(below) };
    },
    release(request) {
      const node = nodes.get(request.drvPath);
      if (node === undefined || !node.requests.delete(request)) return { dropped: [], orphans: [] };
      return drop([node]);
    },
    reprioritise(request) {
      const node = nodes.get(request.drvPath);
      if (node?.requests.has(request)) refold([node]);
    },
  };
}
