/** What Nix makes of the arguments that inputs become. */

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResolvedInput, ResolvedValue } from '../../src/inputs/input.ts';
import { inputArguments } from '../../src/inputs/input-arguments.ts';
import { type InputFixture, inputFixture } from './input-fixture.ts';

let fixture: InputFixture;
beforeAll(async () => {
  fixture = await inputFixture();
});
afterAll(() => fixture[Symbol.asyncDispose]());

function evaluate(expression: string): unknown {
  const out = execFileSync('nix-instantiate', ['--eval', '--strict', '--json', '-'], {
    input: expression,
    encoding: 'utf8',
  });
  return JSON.parse(out);
}

function input(name: string, value: ResolvedValue, type = 'git'): ResolvedInput {
  return { name, type, value, uri: null, revision: null, sha256: null, dependency: null };
}

/** Characters that mean something to Nix more often than others. Nix knows no NUL, and JSON no lone surrogate. */
const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom('$', '{', '}', '"', "'", '\\', '\n', '\r', '\t', '#', ' ', '/*'),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
    fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 1 }),
  ),
});

describe('arguments', () => {
  it('are the texts that went in, whatever is in them', () => {
    fc.assert(
      fc.property(
        fc.array(
          text.filter((value) => !value.includes('\0')),
          { minLength: 1, maxLength: 40 },
        ),
        (texts) => {
          const inputs = texts.map((value, at) => input(`i${at}`, { kind: 'string', value }, 'string'));
          const members = Object.values(inputArguments(inputs).args).join(' ');
          // Arguments are in the order of their names.
          const order = inputs
            .map(({ name }, at) => ({ name, at }))
            .sort((a, b) => (a.name < b.name ? -1 : 1));

          expect(evaluate(`[ ${members} ]`)).toEqual(order.map(({ at }) => texts[at]));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('give a checkout that can be read, and that a derivation depends on', async () => {
    writeFileSync(join(fixture.folder, 'file'), 'content');
    const { storePath, input: file } = await fixture.fetchPath('path', join(fixture.folder, 'file'));
    const { x } = inputArguments([{ ...file, name: 'x' }]).args;

    expect(evaluate(`let x = ${x}; in [ (builtins.readFile x) x.inputType x.rev "\${x}" ]`)).toEqual([
      'content',
      'path',
      file.revision,
      storePath,
    ]);
    expect(evaluate(`builtins.attrNames (builtins.getContext "\${${x}}")`)).toEqual([storePath]);
  });

  it('give the jobs of an evaluation as nested sets', async () => {
    writeFileSync(join(fixture.folder, 'out'), '1');
    const { storePath } = await fixture.fetchPath('path', join(fixture.folder, 'out'));
    const value: ResolvedValue = {
      kind: 'builds',
      outputs: { 'a.b': storePath, a: storePath, 'p.if': storePath, 'p.x-y': storePath },
    };
    const { e } = inputArguments([input('e', value, 'eval')]).args;

    expect(evaluate(`let e = ${e}; in [ e.a.b "\${e.a}" e.p ]`)).toEqual([
      storePath,
      storePath,
      { if: storePath, 'x-y': storePath },
    ]);
  });
});
