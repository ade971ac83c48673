import { describe, expect, it } from 'vitest';
import { AppError } from '../../util/app-error.ts';
import { jobsetRecord } from '../testing/records.ts';
import { type ParseDeclared, parseBuiltJobsets, parseDeclaration } from './declaration.ts';

const parse: ParseDeclared = (name, spec) => {
  if (JSON.stringify(spec).includes('bad')) throw new AppError('api.invalid', 'it is bad');
  return jobsetRecord({ name, description: JSON.stringify(spec) });
};
const read = (value: unknown) => parseDeclaration(JSON.stringify(value), 'spec.json', parse);

describe('parseDeclaration', () => {
  it('takes an object of objects for jobsets', () => {
    expect(read({ a: { x: 1 }, b: {} })).toMatchObject({
      type: 'jobsets',
      jobsets: [{ name: 'a', description: '{"x":1}' }, { name: 'b' }],
    });
    expect(read({})).toEqual({ type: 'jobsets', jobsets: [] });
  });

  it('takes anything else for the settings of the jobset that makes them', () => {
    expect(read({ enabled: 1, inputs: {} })).toMatchObject({
      type: 'expression',
      settings: { name: '.jobsets', description: '{"enabled":1,"inputs":{}}' },
    });
  });

  it.each([
    ['{', 'spec.json: it is not JSON: '],
    ['[]', 'spec.json: wanted an object of jobsets by name'],
    ['null', 'spec.json: wanted an object of jobsets by name'],
    ['{"a":{},"b":{"x":"bad"},"c":{"y":"bad"}}', 'jobset "b": it is bad\njobset "c": it is bad'],
    ['{"enabled":"bad"}', 'spec.json: it is bad'],
  ])('says what is wrong with %s', (text, message) => {
    expect(() => parseDeclaration(text, 'spec.json', parse)).toThrow(
      expect.objectContaining({ code: 'jobset.declaration', message: expect.stringContaining(message) }),
    );
  });
});

describe('parseBuiltJobsets', () => {
  it('takes jobsets only', () => {
    expect(parseBuiltJobsets('{"a":{}}', 'out', parse)).toMatchObject([{ name: 'a' }]);
    expect(() => parseBuiltJobsets('{"a":"bad"}', 'out', parse)).toThrow('out: jobset "a": it is bad');
  });
});
