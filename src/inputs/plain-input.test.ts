import { describe, expect, it } from 'vitest';
import { booleanInput } from './boolean/index.ts';
import type { InputDeps, InputPlugin } from './input.ts';
import { nixInput } from './nix/index.ts';
import { stringInput } from './string/index.ts';

/** These ask for nothing, so that no dependency is looked at. */
const deps = {} as InputDeps;

async function value(plugin: InputPlugin, text: string): Promise<unknown> {
  return (await plugin.fetch({ name: 'x', type: plugin.type, value: text }, deps)).value;
}

describe('inputs that are values', () => {
  it('leave a string as it is', async () => {
    expect(await value(stringInput, '  a "b"\n')).toEqual({ kind: 'string', value: '  a "b"\n' });
    expect(stringInput.check('')).toBeUndefined();
    expect(stringInput.check('a\0b')).toBe('wanted a text without NUL characters, got "a\\u0000b"');
  });

  it('take true and false only', async () => {
    expect(await value(booleanInput, 'true')).toEqual({ kind: 'boolean', value: true });
    expect(await value(booleanInput, 'false')).toEqual({ kind: 'boolean', value: false });
    expect(booleanInput.check('yes')).toBe('wanted true or false, got "yes"');
    expect(booleanInput.check('')).toBe('wanted true or false, got nothing');
    await expect(value(booleanInput, 'TRUE')).rejects.toMatchObject({ code: 'input.invalid' });
  });

  it('pass a Nix expression on', async () => {
    expect(await value(nixInput, '{ a = 1; }')).toEqual({ kind: 'nix', expression: '{ a = 1; }' });
    expect(nixInput.check(' ')).toBe('wanted a Nix expression, got nothing');
  });

  it('come from nowhere', async () => {
    expect(await stringInput.fetch({ name: 'n', type: 'string', value: 'v' }, deps)).toEqual({
      name: 'n',
      type: 'string',
      value: { kind: 'string', value: 'v' },
      uri: null,
      revision: null,
      sha256: null,
      dependency: null,
    });
  });
});
