/** Derivations to build that do next to nothing, so that what is measured is everything around them. */

import { parseStorePath, type StorePath } from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';

/** `tag` makes each measurement's derivations its own: nothing is built twice. */
const trivial = `
  { tag, n }:
  let
    trivial = name: deps: derivation {
      inherit name deps tag;
      system = "x86_64-linux";
      builder = "/bin/sh";
      args = [ "-c" "echo $name > $out" ];
      PATH = "";
    };
    indices = builtins.genList (index: index);
    last = list: builtins.elemAt list (builtins.length list - 1);
  in
`;

/** 500 steps: layers of ten, each step needing three of the layer below, and one step on top of them. */
const graph = `
  let
    layer = below: number: map (index:
      trivial "layer-\${toString number}-\${toString index}"
        (if below == [ ] then [ ] else map (offset: builtins.elemAt below (modulo (index + offset) 10)) [ 0 3 7 ])
    ) (indices (if number == 49 then 9 else 10));
    modulo = a: b: a - b * (a / b);
    layers = builtins.foldl' (all: number: all ++ [ (layer (if all == [ ] then [ ] else last all) number) ]) [ ] (indices 50);
  in trivial "top" (last layers)`;

const chain = `builtins.foldl' (below: index: trivial "link-\${toString index}" below) "" (indices n)`;

const independent = `map (index: trivial "step-\${toString index}" [ ]) (indices n)`;

export type Shape = keyof typeof shapes;
const shapes = { graph, chain, independent } as const;

/** The derivations of a workload, written to the store; `n` where the shape has a size. */
export async function instantiateWorkload(shape: Shape, tag: string, n = 0): Promise<readonly StorePath[]> {
  const expression = `${trivial} ${shapes[shape]}`;
  const argv = [
    'nix-instantiate',
    '--expr',
    expression,
    '--argstr',
    'tag',
    tag,
    '--arg',
    'n',
    String(n),
  ] as const;
  const { stdout } = await runProcess(argv);
  return stdout
    .trim()
    .split('\n')
    .map((line) => parseStorePath(line.split('!')[0] ?? ''));
}
