import { describe, expect, it } from 'vitest';
import { parseStorePath } from '../nix/store-path.ts';
import { jobInput, requestExpression, setupInput } from './worker-input.ts';

const dollar = '$';
const request = { source: 'x', root: 'import /x', jobs: 'discover', freshRoot: true } as const;

describe('worker input', () => {
  it('is one line for the worker and one to say that it is ready', () => {
    const input = setupInput({ ...request, root: 'import\n/x # why', args: { a: '1' } }, 'n0nce');

    expect(input.split('\n')).toHaveLength(3);
    expect(input).toMatch(/^proteusWorker = \(\{ nonce, root, args, force, fresh, }: /);
    expect(input).toMatch(/force = false; fresh = true; }\nbuiltins\.trace "n0nce ready" null\n$/);
  });

  it('is one line per job, whatever the path', () => {
    expect(jobInput({ attrPath: ['a.b', `c"${dollar}{d}\n`] }, 'n0nce')).toBe(
      `proteusWorker { path = [ "a.b" "c\\"\\${dollar}{d}\\n" ]; opening = null; also = null; constituents = null; }
builtins.trace "n0nce end" null\n`,
    );
  });

  it('says what else is wanted of a job', () => {
    const drvPath = parseStorePath(`/nix/store/${'0'.repeat(32)}-c.drv`);
    const constituents = [{ drvPath, output: 'out', path: '/1x' }];
    const input = jobInput({ attrPath: ['a'], also: ['info', 'a'], constituents }, 'n0nce', ['first']);

    expect(input).toContain(' opening = [ "first" ]; ');
    expect(input).toContain(' also = [ "info" "a" ]; ');
    expect(input).toContain(
      ` constituents = [ { drvPath = "${drvPath}"; output = "out"; path = "/1x"; } ]; `,
    );
  });

  it('takes a plain expression as it is, and anything with lines or comments through a file', () => {
    expect(requestExpression({ ...request, args: { n: ' 1 ' } })).toBe(
      'root = _: (import /x); args = { "n" = (1); };',
    );
    expect(requestExpression({ ...request, root: '1 # one' })).toBe(
      'root = _: (import (builtins.toFile "root.nix" "1 # one")); args = {  };',
    );
  });
});
