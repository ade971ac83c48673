/** Fetching inputs into the lab's own store. */

import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildLookup, InputDeps, ResolvedInput } from '../../src/inputs/input.ts';
import { findInputPlugin } from '../../src/inputs/input-plugins.ts';
import type { StorePath } from '../../src/nix/store-path.ts';
import { openStore } from '../../src/store/open-store.ts';

if (process.env.PROTEUS_LAB === undefined) throw new Error('run this with scripts/in-lab');

export interface InputFixture extends AsyncDisposable {
  readonly deps: InputDeps;
  /** An empty folder for repositories and other sources. */
  readonly folder: string;
  /** All paths that were kept. */
  readonly kept: ReadonlySet<StorePath>;
  fetch(type: string, value: string, changes?: Partial<InputDeps>): Promise<ResolvedInput>;
  /** The same of an input that is a path: where it is, and its attributes. */
  fetchPath(type: string, value: string, changes?: Partial<InputDeps>): Promise<FetchedPath>;
}

export interface FetchedPath {
  readonly storePath: StorePath;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly input: ResolvedInput;
}

const noBuilds: BuildLookup = {
  build: async () => undefined,
  latestSucceeded: async () => undefined,
  latestSucceededPerSystem: async () => [],
  evaluation: async () => undefined,
  latestFinishedEvaluation: async () => undefined,
};

export async function inputFixture(changes: Partial<InputDeps> = {}): Promise<InputFixture> {
  const store = await openStore({ type: 'local' });
  const root = await mkdtemp('/nix/var/inputs.');
  const lease = await store.leaseTempRoots([]);
  const kept = new Set<StorePath>();
  const seen = new Map<string, number>();
  const deps: InputDeps = {
    store,
    cacheDirectory: join(root, 'cache'),
    project: 'p',
    jobset: 'j',
    builds: noBuilds,
    keep: async (path) => {
      kept.add(path);
      await lease.add([path]);
    },
    firstSeen: async (uri, sha256) => {
      const key = `${uri} ${sha256}`;
      const at = seen.get(key) ?? deps.now();
      seen.set(key, at);
      return at;
    },
    now: Date.now,
    env: process.env,
    ...changes,
  };
  const fetch: InputFixture['fetch'] = async (type, value, more = {}) => {
    const plugin = findInputPlugin(type);
    if (plugin === undefined) throw new Error(`no plug-in ${type}`);
    return plugin.fetch({ name: 'src', type, value }, { ...deps, ...more });
  };
  return {
    deps,
    folder: root,
    kept,
    fetch,
    async fetchPath(type, value, more) {
      const input = await fetch(type, value, more);
      if (input.value.kind !== 'path') throw new Error(`it is no path but ${input.value.kind}`);
      return { storePath: input.value.storePath, attributes: input.value.attributes, input };
    },
    async [Symbol.asyncDispose]() {
      await lease[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      await rm(root, { recursive: true, force: true });
    },
  };
}
