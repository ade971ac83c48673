import { describe, expect, it } from 'vitest';
import { downstreamPlaceholder } from '../../src/nix/downstream-placeholder.ts';
import { parseStorePath } from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';

describe('downstreamPlaceholder', () => {
  it('is what Nix writes for the outputs of a floating derivation', async () => {
    const expression = `let d = derivation {
      name = "floating"; system = "x86_64-linux"; builder = "none"; outputs = [ "out" "dev" ];
      __contentAddressed = true; outputHashMode = "recursive"; outputHashAlgo = "sha256";
    }; text = builtins.unsafeDiscardStringContext; in [ (text d.drvPath) (text d.out.outPath) (text d.dev.outPath) ]`;
    const { stdout } = await runProcess([
      'nix-instantiate',
      '--extra-experimental-features',
      'ca-derivations',
      '--eval',
      '--strict',
      '--json',
      '--expr',
      expression,
    ]);
    const [drvPath = '', ...outputs] = JSON.parse(stdout) as string[];

    expect(outputs).toEqual(
      ['out', 'dev'].map((output) => downstreamPlaceholder(parseStorePath(drvPath), output)),
    );
  });
});
