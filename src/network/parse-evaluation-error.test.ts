import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeEvaluationError, parseEvaluationError } from './parse-evaluation-error.ts';

const ours = path.resolve(import.meta.dirname, '../../nix/host-module.nix');

describe('parseEvaluationError, error first (2.8)', () => {
  it('reads message and position, without colours', () => {
    const text = `\u001b[31;1merror:\u001b[0m attribute 'nothing' missing

       \u001b[34;1mat \u001b[35;1m/x/net.nix:5:13\u001b[0m:

            4|   a = 1;
            5|   missing = d.nothing.here;
             |             \u001b[31;1m^\u001b[0m
            6|   b = 2;`;
    const error = parseEvaluationError(text);

    expect(error).toMatchObject({
      message: "attribute 'nothing' missing",
      position: { file: '/x/net.nix', line: 5, column: 13 },
    });
    expect(error.trace).not.toContain('\u001b');
    expect(error.trace).toContain('5|   missing = d.nothing.here;');
  });

  it('keeps all lines of a message, and knows no position where Nix tells none', () => {
    expect(parseEvaluationError('error: Failed assertions:\n       - first\n       - second')).toEqual({
      message: 'Failed assertions:\n- first\n- second',
      trace: 'error: Failed assertions:\n       - first\n       - second',
    });
  });

  it('takes the error’s own place, not that of a frame', () => {
    const text = `error: undefined variable 'x'

       at /x/inner.nix:1:2:

            1|  x
             |  ^

       … while evaluating the attribute 'config'

       at /x/outer.nix:9:9:
`;
    expect(parseEvaluationError(text).position).toEqual({ file: '/x/inner.nix', line: 1, column: 2 });
  });

  it('goes outwards past the plumbing of nixpkgs and our own files', () => {
    const text = `error: The option \`servces' does not exist.

       … while evaluating the attribute 'config'

       at /p/lib/modules.nix:100:5:

       … while evaluating 'g'

       at ${ours}:3:4:

       … from call site

       at /x/net.nix:7:3:
(use '--show-trace' to show detailed location information)`;
    expect(parseEvaluationError(text)).toMatchObject({
      message: "The option `servces' does not exist.",
      position: { file: '/x/net.nix', line: 7, column: 3 },
    });
  });

  it('settles for plumbing when there is nothing else', () => {
    const text = 'error: value is null\n\n       at /p/lib/lists.nix:10:2:\n';

    expect(parseEvaluationError(text).position).toEqual({ file: '/p/lib/lists.nix', line: 10, column: 2 });
  });

  it('leaves out what we typed ourselves', () => {
    const text = `error: attribute 'web99' missing

       at «string»:1:1493:

            1| secret stuff of the worker
             |        ^

       … while evaluating 'call'

       at «string»:1:50:

            1| secret stuff of the worker
             |        ^

       … from call site

       at /x/net.nix:2:2:

            2| kept`;
    const error = parseEvaluationError(text);

    expect(error.trace).not.toContain('secret');
    expect(error.trace).not.toContain('«string»');
    expect(error.trace).not.toContain("evaluating 'call'");
    expect(error.trace).toContain('2| kept');
    expect(error.position).toEqual({ file: '/x/net.nix', line: 2, column: 2 });
  });

  it('takes the last of several errors, and no warning before it', () => {
    const text = `warning: error: this is only a warning
error: builder for '/nix/store/x.drv' failed with exit code 1;
       last 1 log lines:
       > no
error: build of '/nix/store/x.drv' failed`;

    expect(parseEvaluationError(text).message).toBe("build of '/nix/store/x.drv' failed");
  });

  it('leaves the build log to the trace', () => {
    const text = `error: builder for '/nix/store/x.drv' failed with exit code 1;
       last 1 log lines:
       > no`;

    expect(parseEvaluationError(text).message).toBe(
      "builder for '/nix/store/x.drv' failed with exit code 1;",
    );
  });
});

describe('parseEvaluationError, frames first (2.26 and later)', () => {
  it('reads the last block, and the place of the innermost useful frame', () => {
    const text = `error:
       … while evaluating the attribute 'drvPath'
         at /x/outer.nix:1:1:
            1| {
             | ^

       … while calling the 'throw' builtin
         at /x/inner.nix:3:14:
            2| { a = 1;
            3|   thrown = throw "boom";
             |            ^

       error: boom
       second line`;
    expect(parseEvaluationError(text)).toMatchObject({
      message: 'boom\nsecond line',
      position: { file: '/x/inner.nix', line: 3, column: 14 },
    });
  });

  it('prefers the place of the error itself', () => {
    const text = `error:
       … from call site
         at /x/outer.nix:1:1:

       error: undefined variable 'x'
       at /x/inner.nix:2:2:
            2| x`;
    expect(parseEvaluationError(text)).toMatchObject({
      message: "undefined variable 'x'",
      position: { file: '/x/inner.nix', line: 2, column: 2 },
    });
  });

  it('knows places in sources that were fetched, but none inside of Nix', () => {
    const text = `error:
       … while evaluating the attribute 'a'
         at «git+file:///x?ref=main&rev=1»/sub/a.nix:4:1:
            4| a

       … while calling the 'derivationStrict' builtin
         at «nix-internal»/derivation-internal.nix:37:12:
           37| strict

       error: no`;

    expect(parseEvaluationError(text).position).toEqual({
      file: '«git+file:///x?ref=main&rev=1»/sub/a.nix',
      line: 4,
      column: 1,
    });
  });

  it('leaves out frames of what we typed', () => {
    const text = `error:
       … while calling the 'seq' builtin
         at «string»:1:10:
            1| secret
             | ^

       … while evaluating the attribute 'b'
         at /x/a.nix:4:1:
            4| b

       error: no`;
    const error = parseEvaluationError(text);

    expect(error.trace).not.toMatch(/secret|seq/);
    expect(error).toMatchObject({ message: 'no', position: { file: '/x/a.nix', line: 4, column: 1 } });
  });
});

describe('parseEvaluationError, with many frames', () => {
  const frame = (n: number): string =>
    `       … frame ${n}\n         at /x/f.nix:${n}:1:\n            ${n}| x\n`;
  const inwards = Array.from({ length: 20 }, (_, n) => frame(20 - n));
  const newer = `error:\n${inwards.toReversed().join('\n')}\n       error: no`;
  const older = `error: no\n\n${inwards.join('\n')}`;

  it.each([
    ['newer', newer],
    ['older', older],
  ])('keeps the innermost in the trace, unless all are wanted (%s)', (_, text) => {
    const { trace, position } = parseEvaluationError(text);
    const shown = [...trace.matchAll(/… frame (\d+)$/gm)].map(([, n]) => Number(n));

    expect(shown.toSorted((a, b) => a - b)).toEqual([13, 14, 15, 16, 17, 18, 19, 20]);
    expect(trace).toContain('(12 more frames; --show-trace shows them)');
    expect(position?.line).toBe(20);
    expect(parseEvaluationError(text, { wholeTrace: true }).trace).toBe(text.trim());
  });
});

describe('parseEvaluationError, anything else', () => {
  it.each([
    ['', ''],
    ['Killed', 'Killed'],
    ['error:', 'error'],
  ])('makes the best of %j', (text, message) => {
    expect(parseEvaluationError(text).message).toBe(message);
  });
});

describe('describeEvaluationError', () => {
  it('puts the place first', () => {
    const position = { file: '/x/a.nix', line: 4, column: 1 };

    expect(describeEvaluationError({ message: 'no', position, trace: '' })).toBe('/x/a.nix:4: no');
    expect(describeEvaluationError({ message: 'no', trace: '' })).toBe('no');
  });
});
