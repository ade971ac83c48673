import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Derivation } from '../../src/nix/derivation.ts';
import {
  allowsSubstitutes,
  isBuiltin,
  isFixedOutput,
  prefersLocalBuild,
  requiredSystemFeatures,
} from '../../src/nix/derivation-options.ts';
import { parseDerivation } from '../../src/nix/parse-derivation.ts';
import { printDerivation } from '../../src/nix/print-derivation.ts';
import { parseStorePath, storePathName } from '../../src/nix/store-path.ts';
import { nixText, runNix } from './run-nix.ts';

const expression = String.raw`
  let
    make = args: derivation ({ system = "x86_64-linux"; builder = "/bin/sh"; } // args);
    text = builtins.toFile "text" "some text";
    fixed = make { name = "fixed"; outputHashMode = "recursive"; outputHashAlgo = "sha256";
      outputHash = "e14328fa25d83df896d456bfde95192eda1a6210e57460782c4620382482ab02"; };
    flat = make { name = "flat"; builder = "builtin:fetchurl"; url = "https://example.org"; preferLocalBuild = true;
      outputHash = "sha1-qvTGHdzF6KLavt4PO0gs2a6pQ00="; };
    several = make { name = "several"; outputs = [ "out" "dev" "doc" ]; inherit text;
      requiredSystemFeatures = [ "kvm" "big-parallel" ]; allowSubstitutes = false; };
    structured = make { name = "structured"; __structuredAttrs = true; list = [ 1 "two" ]; empty = { };
      requiredSystemFeatures = [ "nixos-test" ]; preferLocalBuild = true; quote = "\"\\\n"; };
    all = make { name = "all"; args = [ "-c" "echo \"$x\" \\ > $out\n\ttab\r" ]; inherit fixed structured;
      utf8 = "naïve 💡"; empty = ""; inputs = [ several.dev several.doc flat ]; };
  in all
`;

let closure: ReadonlyMap<string, { readonly bytes: Buffer; readonly drv: Derivation }>;

beforeAll(() => {
  const root = nixText('nix-instantiate', '--expr', expression);
  const paths = nixText('nix-store', '--query', '--requisites', root)
    .split('\n')
    .filter((path) => path.endsWith('.drv'));
  closure = new Map(
    paths.map((path) => {
      const bytes = readFileSync(path);
      return [storePathName(parseStorePath(path)), { bytes, drv: parseDerivation(bytes, path) }];
    }),
  );
});

const drv = (name: string): Derivation => closure.get(`${name}.drv`)!.drv;

interface Shown {
  readonly args: readonly string[];
  readonly builder: string;
  readonly system: string;
  readonly env: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, { readonly path?: string }>>;
  readonly inputDrvs?: Inputs;
  readonly inputSrcs?: readonly string[];
  readonly inputs?: { readonly drvs: Inputs; readonly srcs: readonly string[] };
}

/** Since 2.14 an input is an object that leaves room for outputs of outputs. */
type Inputs = Readonly<Record<string, readonly string[] | { readonly outputs: readonly string[] }>>;

/** 2.34 leaves out the store directory. */
const absolute = (path: string): string => (path.startsWith('/') ? path : `/nix/store/${path}`);

/** What `nix show-derivation` prints, in its form of 2.8, 2.14 or 2.34: by name of the file. */
function readShown(json: unknown) {
  const object = json as { readonly derivations?: Record<string, Shown> }; // printed by Nix
  const all = object.derivations ?? (json as Record<string, Shown>);
  return new Map(
    Object.entries(all).map(([path, told]) => {
      const drvs = Object.entries(told.inputs?.drvs ?? told.inputDrvs ?? {});
      const inputs = Object.fromEntries(
        drvs.map(([input, wanted]) => [absolute(input), 'outputs' in wanted ? wanted.outputs : wanted]),
      );
      const sources = (told.inputs?.srcs ?? told.inputSrcs ?? []).map(absolute);
      return [storePathName(parseStorePath(absolute(path))), { ...told, inputs, sources }];
    }),
  );
}

describe('derivations that Nix writes', () => {
  it('are printed as they were', () => {
    expect([...closure.keys()].sort()).toEqual(
      ['all', 'fixed', 'flat', 'several', 'structured'].map((name) => `${name}.drv`),
    );
    for (const { bytes, drv: parsed } of closure.values()) {
      expect(Buffer.from(printDerivation(parsed)).equals(bytes)).toBe(true);
    }
  });

  it('are the ones of nix show-derivation', () => {
    const root = nixText('nix-instantiate', '--expr', expression);
    const shown = readShown(JSON.parse(nixText('nix', 'show-derivation', '--recursive', root)));

    expect([...shown.keys()].sort()).toEqual([...closure.keys()].sort());
    for (const [name, wanted] of shown) {
      const { drv: parsed } = closure.get(name)!;
      expect(parsed.args).toEqual(wanted.args);
      expect(parsed.builder).toBe(wanted.builder);
      expect(parsed.platform).toBe(wanted.system);
      // A newer Nix shows structured attributes beside the environment.
      expect(Object.fromEntries(parsed.env)).toMatchObject(wanted.env);
      expect(Object.fromEntries(parsed.inputDerivations)).toEqual(wanted.inputs);
      expect(parsed.inputSources).toEqual(wanted.sources);
      const told = Object.entries(wanted.outputs).filter(([, { path }]) => path !== undefined);
      expect(told.map(([output]) => parsed.outputs.get(output)?.path)).toEqual(
        told.map(([, { path = '' }]) => absolute(path)),
      );
      expect([...parsed.outputs.keys()]).toEqual(Object.keys(wanted.outputs));
    }
  });

  it('have their text as it was written', () => {
    expect(drv('all').args).toEqual(['-c', 'echo "$x" \\ > $out\n\ttab\r']);
    expect(drv('all').env.get('utf8')).toBe('naïve 💡');
  });

  it('say what they ask of a builder', () => {
    expect(requiredSystemFeatures(drv('several'))).toEqual(['big-parallel', 'kvm']);
    expect(requiredSystemFeatures(drv('structured'))).toEqual(['nixos-test']);
    expect(requiredSystemFeatures(drv('all'))).toEqual([]);
    expect([drv('flat'), drv('structured'), drv('all')].map(prefersLocalBuild)).toEqual([true, true, false]);
    expect([drv('several'), drv('all')].map(allowsSubstitutes)).toEqual([false, true]);
    expect([drv('fixed'), drv('flat'), drv('all')].map(isFixedOutput)).toEqual([true, true, false]);
    expect([drv('flat'), drv('all')].map(isBuiltin)).toEqual([true, false]);
  });

  it('are readable with floating outputs and bytes that are not UTF-8', () => {
    const floating = nixText(
      'nix-instantiate',
      '--option',
      'experimental-features',
      'nix-command ca-derivations',
      '--expr',
      'derivation { name = "ca"; system = "x86_64-linux"; builder = "/bin/sh"; __contentAddressed = true; outputHashMode = "recursive"; outputHashAlgo = "sha256"; }',
    );
    const bytes = readFileSync(floating);
    const parsed = parseDerivation(bytes, floating);
    expect(parsed.outputs.get('out')).toEqual({ path: undefined, hashAlgorithm: 'r:sha256', hash: '' });
    expect(requiredSystemFeatures(parsed)).toEqual(['ca-derivations']);
    expect(Buffer.from(printDerivation(parsed)).equals(bytes)).toBe(true);

    runNix(
      'bash',
      '-c',
      `printf 'derivation { name = "raw"; system = "x"; builder = "caf\\xe9"; }' > $HOME/raw.nix`,
    );
    const raw = nixText('nix-instantiate', join(process.env.HOME ?? '', 'raw.nix'));
    const rawBytes = readFileSync(raw);
    expect(rawBytes.includes(0xe9)).toBe(true);
    expect(parseDerivation(rawBytes, raw).builder).toBe('caf\udce9');
    expect(Buffer.from(printDerivation(parseDerivation(rawBytes, raw))).equals(rawBytes)).toBe(true);
  });

  it('are all that is in the store', () => {
    const all = readdirSync('/nix/store').filter((name) => name.endsWith('.drv'));
    expect(all.length).toBeGreaterThanOrEqual(7);
    for (const name of all) {
      const bytes = readFileSync(`/nix/store/${name}`);
      expect(Buffer.from(printDerivation(parseDerivation(bytes, name))).equals(bytes)).toBe(true);
    }
  });
});
