import { describe, expect, it } from 'vitest';
import { missingImport } from './missing-import.ts';

const drv = '/nix/store/fsrismgf49ydw58gyl1c231jrv2hvi15-x.drv';
const needed = '/nix/store/8wr6mlm54xnvpaacj90krq52c10q6mmv-dep.drv';
const out = '/nix/store/sx2d7ph2csin4z7hbzc2cwah3yz494ij-x';
const place =
  '\n         at /x/jobs.nix:5:6:\n            4| let\n            5| import x\n             | ^\n';

describe('missingImport', () => {
  it('knows what is not allowed', () => {
    const rest = "during evaluation because the option 'allow-import-from-derivation' is disabled";
    const older = `error: cannot build '${drv}' ${rest}\n\n       … while realising the context of path '${out}'`;
    const newer = `error:\n       … while realising the context of path '${out}'\n\n       error: cannot build '${drv}^out' ${rest}`;

    expect(missingImport(older)).toEqual({ allowed: false, drvPath: drv });
    expect(missingImport(newer)).toEqual({ allowed: false, drvPath: drv });
  });

  it('knows what is not built, by its output', () => {
    const older = `error: unable to start any build; either increase '--max-jobs' or enable remote builds.
       https://nixos.org/manual/nix/stable/advanced-topics/distributed-builds.html

       … while realising the context of path '${out}/sub/file.nix'
${place}`;
    const newer = `error:
       … while calling the 'import' builtin${place}
       … while adding path '${out}'

       error:
                           Unable to start any build;
                           either increase '--max-jobs' or enable remote builds.`;
    const known = { allowed: true, output: out, drvPath: undefined };

    expect(missingImport(older)).toEqual(known);
    expect(missingImport(newer)).toEqual(known);
  });

  it('tells what was wanted from what that needs', () => {
    const dependency = `error: Cannot build '${needed}'.\n       Reason: local builds are disabled (max-jobs = 0)`;
    const wanted = `error: Cannot build '${drv}'.\n       Reason: 1 dependency failed.`;
    const frame = `       … while realising the context of path '${out}'\n`;

    expect(missingImport(`${dependency}\n\nerror:\n${frame}\n       ${wanted}`)).toEqual({
      allowed: true,
      output: out,
      drvPath: drv,
    });
    expect(missingImport(`${dependency}\n\nerror:\n       ${wanted}`)).toEqual({
      allowed: true,
      output: undefined,
      drvPath: drv,
    });
  });

  it('knows what somebody else is building', () => {
    const text = `error: waiting for lock on '${out}', '${out}-dev'\n\nerror: interrupted by the user`;

    expect(missingImport(text)).toEqual({ allowed: true, output: out, drvPath: undefined });
  });

  it('leaves other errors alone', () => {
    for (const text of [
      'error: attribute missing',
      `error: builder for '${drv}' failed with exit code 1`,
      // Of a floating content-addressed derivation nothing is known.
      "error: unable to start any build\n       … while realising the context of path '/1z4xj'",
    ]) {
      expect(missingImport(text)).toBeUndefined();
    }
  });
});
