/**
 * The steps that still have to be built and what waits for what. Pure and in memory; `create-build-queue.ts` drives it.
 *
 * A step is `waiting` while something it needs is in the graph, then `runnable`, then `running`. When it is done it
 * leaves the graph, and what waited only for it becomes runnable. When it fails it leaves together with everything
 * that needs it, however far up. A step that is put back (its builder was lost) is runnable again. Steps that are
 * neither wanted by anyone nor needed by a step in the graph are dropped, unless they already run: nobody waits for
 * a result that is of no use.
 *
 * Order among runnable steps: the longest chain of steps up to a final one first (it bounds the total time), then
 * the step that more steps wait for, then the one that came first.
 */

import type { StorePath } from '../nix/store-path.ts';

type StepState = 'waiting' | 'runnable' | 'running';

export interface NewStep {
  readonly drvPath: StorePath;
  /** Steps of the graph, or of the same call. */
  readonly needs: readonly StorePath[];
}

export interface StepGraph {
  readonly size: number;
  /** `undefined` when it is not, or no longer, in the graph. */
  state(drvPath: StorePath): StepState | undefined;
  /**
   * Adds the steps that are not there yet and makes `wanted`, one of them or of the graph, a final step. Returns the
   * steps that were added. Throws a `TypeError` when a need is nowhere.
   */
  add(steps: readonly NewStep[], wanted: StorePath): readonly StorePath[];
  /** Best first. */
  runnable(): readonly StorePath[];
  start(drvPath: StorePath): void;
  /** The running step goes back to runnable; returns it if it was dropped instead, as nothing needs it any more. */
  putBack(drvPath: StorePath): readonly StorePath[];
  succeed(drvPath: StorePath): void;
  /** What failed with it, nearest first, and what was dropped because only those needed it. */
  fail(drvPath: StorePath): {
    readonly dependents: readonly StorePath[];
    readonly dropped: readonly StorePath[];
  };
}

interface Node {
  readonly drvPath: StorePath;
  readonly order: number;
  readonly needs: Set<Node>;
  readonly dependents: Set<Node>;
  state: StepState;
  wanted: boolean;
  /** Steps on the longest way up, itself included. */
  chain: number;
}

export function createStepGraph(): StepGraph {
  const nodes = new Map<StorePath, Node>();
  const ready = new Set<Node>();
  let added = 0;
  let chainsAreCurrent = true;

  const find = (drvPath: StorePath): Node => {
    const node = nodes.get(drvPath);
    if (node === undefined) throw new TypeError(`${drvPath} is not a step of this graph`);
    return node;
  };
  const become = (node: Node, state: StepState): void => {
    node.state = state;
    if (state === 'runnable') ready.add(node);
    else ready.delete(node);
  };
  const remove = (node: Node): void => {
    nodes.delete(node.drvPath);
    ready.delete(node);
  };
  /** Drops those of the candidates that nobody wants, and then what only they needed. */
  const drop = (candidates: Iterable<Node>): StorePath[] => {
    const dropped: StorePath[] = [];
    const queue = [...candidates];
    for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
      if (!nodes.has(node.drvPath) || node.wanted || node.dependents.size > 0) continue;
      if (node.state === 'running') continue;
      remove(node);
      dropped.push(node.drvPath);
      for (const need of node.needs) need.dependents.delete(node);
      queue.push(...node.needs);
    }
    if (dropped.length > 0) chainsAreCurrent = false;
    return dropped;
  };

  return {
    get size() {
      return nodes.size;
    },
    state: (drvPath) => nodes.get(drvPath)?.state,
    add(steps, wanted) {
      const fresh = steps.filter((step) => !nodes.has(step.drvPath));
      for (const { drvPath } of fresh) {
        const node: Node = {
          drvPath,
          order: added++,
          needs: new Set(),
          dependents: new Set(),
          state: 'waiting',
          wanted: false,
          chain: 1,
        };
        nodes.set(drvPath, node);
      }
      for (const step of fresh) {
        const node = find(step.drvPath);
        for (const need of step.needs.map(find)) {
          node.needs.add(need);
          need.dependents.add(node);
        }
        if (node.needs.size === 0) become(node, 'runnable');
      }
      find(wanted).wanted = true;
      chainsAreCurrent = false;
      const dropped = new Set(drop(fresh.map((step) => find(step.drvPath))));
      return fresh.map((step) => step.drvPath).filter((drvPath) => !dropped.has(drvPath));
    },
    runnable() {
      if (!chainsAreCurrent) measureChains(nodes.values());
      chainsAreCurrent = true;
      return [...ready].sort(byUrgency).map((node) => node.drvPath);
    },
    start(drvPath) {
      const node = find(drvPath);
      if (node.state !== 'runnable') throw new TypeError(`${drvPath} is ${node.state}, so it cannot start`);
      become(node, 'running');
    },
    putBack(drvPath) {
      const node = find(drvPath);
      become(node, 'runnable');
      return drop([node]);
    },
    succeed(drvPath) {
      const node = find(drvPath);
      remove(node);
      for (const dependent of node.dependents) {
        dependent.needs.delete(node);
        if (dependent.needs.size === 0) become(dependent, 'runnable');
      }
    },
    fail(drvPath) {
      const first = find(drvPath);
      const failed = new Set([first]);
      for (const node of failed) for (const dependent of node.dependents) failed.add(dependent);
      const orphans = new Set<Node>();
      for (const node of failed) {
        remove(node);
        for (const need of node.needs) {
          need.dependents.delete(node);
          orphans.add(need);
        }
      }
      chainsAreCurrent = false;
      failed.delete(first);
      return { dependents: [...failed].map((node) => node.drvPath), dropped: drop(orphans) };
    },
  };
}

function byUrgency(a: Node, b: Node): number {
  return b.chain - a.chain || b.dependents.size - a.dependents.size || a.order - b.order;
}

/** From the final steps down: a step is measured once all that need it are. */
function measureChains(nodes: Iterable<Node>): void {
  const open = new Map<Node, number>();
  const measured: Node[] = [];
  for (const node of nodes) {
    node.chain = 1;
    open.set(node, node.dependents.size);
    if (node.dependents.size === 0) measured.push(node);
  }
  for (const node of measured) {
    for (const need of node.needs) {
      need.chain = Math.max(need.chain, node.chain + 1);
      const left = (open.get(need) ?? 0) - 1;
      open.set(need, left);
      if (left === 0) measured.push(need);
    }
  }
}
