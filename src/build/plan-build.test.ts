import { expect, it } from 'vitest';
import { parseStorePath, type StorePath } from '../nix/store-path.ts';
import type { BuildStep } from './build-step.ts';
import { type BuildPlan, type PlanOptions, planBuild } from './plan-build.ts';

const path = (name: string): StorePath => parseStorePath(`/nix/store/${'0'.repeat(32)}-${name}`);
const names = (paths: Iterable<StorePath>): string[] =>
  [...paths].map((one) => one.slice(44).replace('.drv', ''));

interface World {
  /** Inputs by derivation: `dep` or `dep!output`. */
  readonly derivations: Readonly<Record<string, readonly string[]>>;
  readonly valid?: readonly string[];
  /** In a substituter; those in `broken` cannot be fetched after all. */
  readonly substitutable?: readonly string[];
  readonly broken?: readonly string[];
  readonly underWay?: readonly string[];
  /** Where floating outputs are, by derivation. */
  readonly floating?: Readonly<Record<string, string | undefined>>;
  readonly substitute?: boolean;
  /** What the database says is valid; undefined: there is none to read. */
  readonly database?: readonly string[];
}

interface Planned {
  readonly plan: BuildPlan;
  readonly steps: readonly string[];
  /** Derivations that were read. */
  readonly read: readonly string[];
  readonly leased: readonly string[];
  readonly fetched: readonly string[];
  /** What the daemon was asked, call by call. */
  readonly asked: readonly (readonly string[])[];
  readonly announced: readonly number[];
}

/** Plans for the derivation `top` with a store that is plain data. */
async function planned(world: World): Promise<Planned> {
  const read: string[] = [];
  const leased: string[] = [];
  const fetched: string[] = [];
  const asked: string[][] = [];
  const announced: number[] = [];
  const valid = new Set((world.valid ?? []).map(path));
  const substitutable = (world.substitutable ?? []).map(path);
  const step = (drvPath: StorePath): BuildStep => {
    const [name = ''] = names([drvPath]);
    read.push(name);
    const floating = world.floating !== undefined && name in world.floating;
    const inputs = new Map<StorePath, string[]>();
    for (const input of world.derivations[name] ?? []) {
      const [dep = '', output = 'out'] = input.split('!');
      inputs.set(path(`${dep}.drv`), [...(inputs.get(path(`${dep}.drv`)) ?? []), output]);
    }
    const output = (suffix: string) => ({
      path: floating ? undefined : path(name + suffix),
      hashAlgorithm: '',
      hash: '',
    });
    return {
      drvPath,
      name,
      system: 'x86_64-linux',
      requiredFeatures: [],
      prefersLocal: false,
      outputs: new Map([
        ['out', output('')],
        ['doc', output('-doc')],
      ]),
      inputs,
      floating,
    };
  };
  const options: PlanOptions = {
    store: {
      queryValidPaths: async (paths, { substitute } = {}) => {
        if (!substitute) asked.push(names(paths));
        for (const one of substitute ? paths : []) {
          fetched.push(...names([one]));
          if (!world.broken?.includes(one.slice(44))) valid.add(one);
        }
        return new Set(paths.filter((one) => valid.has(one)));
      },
      queryMissing: async () => ({
        willBuild: [],
        willSubstitute: substitutable,
        unknown: [],
        downloadSize: 0,
        narSize: 0,
      }),
      queryDerivationOutputMap: async (drvPath) => {
        const known = world.floating?.[names([drvPath])[0] ?? ''];
        return new Map(known === undefined ? [] : ['out', 'doc'].map((name) => [name, path(known)]));
      },
    },
    database:
      world.database === undefined
        ? undefined
        : { validPaths: (paths) => new Set(paths.filter((one) => world.database?.includes(one.slice(44)))) },
    lease: { add: async (paths) => void leased.push(...names(paths)) },
    reader: { steps: async (drvPaths) => [...drvPaths].map(step) },
    substitute: world.substitute ?? true,
    isUnderWay: (drvPath) => world.underWay?.includes(names([drvPath])[0] ?? '') ?? false,
    onSubstitute: (paths) => announced.push(paths),
    signal: new AbortController().signal,
  };
  const plan = await planBuild(path('top.drv'), options);
  return { plan, steps: names(plan.steps.keys()), read, leased, fetched, asked, announced };
}

const chain = { top: ['mid'], mid: ['base'], base: [] };

it('needs every derivation when nothing is there, each once', async () => {
  const { steps } = await planned({ derivations: { top: ['a', 'b'], a: ['base'], b: ['base'], base: [] } });
  expect(steps).toEqual(['top', 'a', 'b', 'base']);
});

it('needs nothing when all outputs are valid, and reads nothing else', async () => {
  const { steps, read } = await planned({ derivations: chain, valid: ['top', 'top-doc'] });
  expect(steps).toEqual([]);
  expect(read).toEqual(['top']);
});

it('wants all outputs of what is asked for, of inputs only those that are used', async () => {
  expect((await planned({ derivations: chain, valid: ['top', 'mid'] })).steps).toEqual(['top']);
  const used = { top: ['mid!doc'], mid: ['base'], base: [] };
  expect((await planned({ derivations: used, valid: ['mid'] })).steps).toEqual(['top', 'mid', 'base']);
});

it('looks at another output of an input that was found valid before', async () => {
  const derivations = { top: ['a', 'dep'], a: ['dep!doc'], dep: ['base'], base: [] };
  expect((await planned({ derivations, valid: ['dep'] })).steps).toEqual(['top', 'a', 'dep', 'base']);
});

it('fetches what a substituter has, once something is missing, and stops there', async () => {
  const result = await planned({ derivations: chain, substitutable: ['mid'] });
  expect(result.steps).toEqual(['top']);
  expect(result.fetched).toEqual(['mid']);
  expect(result.announced).toEqual([1]);
  expect(result.read).not.toContain('base');
});

it('builds what could not be fetched', async () => {
  const result = await planned({ derivations: chain, substitutable: ['mid', 'base'], broken: ['mid'] });
  expect(result.steps).toEqual(['top', 'mid']);
  expect(result.fetched).toEqual(['mid', 'base']);
});

it('asks no substituter when it must not', async () => {
  const result = await planned({ derivations: chain, substitutable: ['mid'], substitute: false });
  expect(result.steps).toEqual(['top', 'mid', 'base']);
  expect(result.announced).toEqual([]);
});

it('stops at steps that are under way, and says which', async () => {
  const { plan, steps } = await planned({ derivations: chain, underWay: ['mid'] });
  expect(steps).toEqual(['top']);
  expect(names(plan.underWay)).toEqual(['mid']);
});

it('asks the store where floating outputs are, and builds those it does not know', async () => {
  const derivations = { top: ['known', 'unknown'], known: [], unknown: [] };
  const floating = { known: 'result', unknown: undefined };
  expect((await planned({ derivations, floating, valid: ['result'] })).steps).toEqual(['top', 'unknown']);
});

it('protects paths before it looks for them', async () => {
  const { leased } = await planned({ derivations: chain, valid: ['mid'] });
  expect(leased).toEqual(['top', 'top', 'top-doc', 'mid']);
});

it('goes by the database where that can be read, and makes sure at the end', async () => {
  const world = { derivations: chain, valid: ['base'], database: ['base'], substitute: false };
  const { steps, plan, asked, leased } = await planned(world);
  expect(steps).toEqual(['top', 'mid']);
  expect([...plan.valid.values()]).toEqual([path('base')]);
  expect(asked).toEqual([['base']]);
  expect(leased).toEqual(['top', 'top', 'top-doc', 'mid', 'base']);
});

it('plans again without the database when something has gone since it was read', async () => {
  const { steps, asked } = await planned({
    derivations: chain,
    valid: [],
    database: ['mid'],
    substitute: false,
  });
  expect(steps).toEqual(['top', 'mid', 'base']);
  expect(asked[0]).toEqual(['mid']);
  expect(asked).toHaveLength(4);
});
