import { describe, expect, it } from 'vitest';
import { parseDerivation } from './parse-derivation.ts';

const out = '/nix/store/5k2r78dr3fdr14rll13sm5dmjb5fpw3r-hello';
const dep = '/nix/store/7dvd7jp9sa3lhwg6ls7dl2p8ifd3mv72-dep.drv';
const source = '/nix/store/7dvd7jp9sa3lhwg6ls7dl2p8ifd3mv72-builder.sh';

/** A derivation file with one part replaced. */
function file(
  parts: Partial<Record<'outputs' | 'inputs' | 'sources' | 'args' | 'env', string>> = {},
): string {
  const {
    outputs = `("out","${out}","","")`,
    inputs = `("${dep}",["dev","out"])`,
    sources = `"${source}"`,
    args = '"-e","/b"',
    env = '("a","1"),("out","x")',
  } = parts;
  return `Derive([${outputs}],[${inputs}],[${sources}],"x86_64-linux","/bin/sh",[${args}],[${env}])`;
}

describe('parseDerivation', () => {
  it('reads every field', () => {
    expect(parseDerivation(file(), 'x.drv')).toEqual({
      outputs: new Map([['out', { path: out, hashAlgorithm: '', hash: '' }]]),
      inputDerivations: new Map([[dep, ['dev', 'out']]]),
      inputSources: [source],
      platform: 'x86_64-linux',
      builder: '/bin/sh',
      args: ['-e', '/b'],
      env: new Map([
        ['a', '1'],
        ['out', 'x'],
      ]),
    });
  });

  it('reads empty lists', () => {
    const drv = parseDerivation(file({ outputs: '', inputs: '', sources: '', args: '', env: '' }), 'x.drv');
    expect([drv.outputs.size, drv.inputDerivations.size, drv.env.size]).toEqual([0, 0, 0]);
    expect([drv.inputSources, drv.args]).toEqual([[], []]);
  });

  it('reads the fixed and the floating output', () => {
    const outputs = `("out","${out}","r:sha256","ab"),("x","","sha256","")`;
    const drv = parseDerivation(file({ outputs }), 'x.drv');
    expect(drv.outputs.get('out')).toEqual({ path: out, hashAlgorithm: 'r:sha256', hash: 'ab' });
    expect(drv.outputs.get('x')).toEqual({ path: undefined, hashAlgorithm: 'sha256', hash: '' });
  });

  it('reads escapes, next to strings without', () => {
    const args = String.raw`"\"a\\b\n\r\t","plain","\\","","\\\"","x\n"`;
    expect(parseDerivation(file({ args }), 'x.drv').args).toEqual([
      '"a\\b\n\r\t',
      'plain',
      '\\',
      '',
      '\\"',
      'x\n',
    ]);
  });

  it('reads bytes: UTF-8 as text, others so that they are kept', () => {
    const bytes = Buffer.concat([
      Buffer.from(file({ env: '("é","' }).slice(0, -2)),
      Buffer.from('\xe9")])', 'latin1'),
    ]);
    expect(parseDerivation(bytes, 'x.drv').env).toEqual(new Map([['é', '\udce9']]));
  });

  it('keeps the order of the file', () => {
    const drv = parseDerivation(file({ env: '("b","1"),("2","1"),("a","1"),("1","1")' }), 'x.drv');
    expect([...drv.env.keys()]).toEqual(['b', '2', 'a', '1']);
  });

  it.each([
    ['', 'x.drv, byte 0: wanted "Derive(", got the end'],
    ['Derive[', 'x.drv, byte 0: wanted "Derive(", got "Derive["'],
    ['Derive(', 'x.drv, byte 7: wanted "[", got the end'],
    [`${file()} `, `x.drv, byte ${file().length}: wanted the end, got " "`],
    [file().slice(0, -1), `x.drv, byte ${file().length - 1}: wanted ")", got the end`],
    [file({ args: '"a",' }), /wanted a string, got "\],\[/],
    [file({ args: 'a' }), /wanted a string, got "a\],\[/],
    [file({ args: '"a"b' }), /wanted "\]", got "b/],
    [file({ args: '"a' }), /wanted "\]", got "a/],
    [file({ env: '("a","b' }), /a string has no end/],
    [file({ env: String.raw`("a","\n` }), /a string has no end/],
    [file({ args: String.raw`"\x"` }), /an escape is unknown/],
    [file({ args: '"a\nb"' }), /byte \d+: wanted the escape of "\\n", got it raw/],
    [file({ args: '"a\tb"' }), /wanted the escape of "\\t", got it raw/],
    [`${file()}\n`, /wanted the escape of "\\n", got it raw/],
    [file({ sources: '"/etc/passwd"' }), /wanted a store path, got "\/etc\/passwd"/],
    [file({ sources: `"${source}/x"` }), /wanted a store path/],
    [file({ outputs: '("out","/tmp/x","","")' }), /wanted a store path, got "\/tmp\/x"/],
    [file({ inputs: '("",["out"])' }), /wanted a store path, got ""/],
    [file({ outputs: `("out","${out}","","","")` }), /wanted "\)"/],
    [file({ inputs: `("${dep}",["out"]),("${dep}",["dev"])` }), /dep\.drv is listed twice/],
    [file({ env: '("a","1"),("a","2")' }), /"a" is there twice/],
    [file({ outputs: `("out","${out}","",""),("out","${out}","","")` }), /"out" is there twice/],
    ['DrvWithVersion("xp-dyn-drv",[],…)', /it uses dynamic derivations .* not supported/],
  ])('refuses %j', (text, message) => {
    expect(() => parseDerivation(text, 'x.drv')).toThrow(message);
    expect(() => parseDerivation(text, 'x.drv')).toThrow(
      expect.objectContaining({ code: 'nix.derivation-invalid' }),
    );
  });

  it('counts bytes, not characters', () => {
    const bytes = Buffer.concat([Buffer.from('Derive([("ééé💡'), Buffer.from([0xff]), Buffer.from('"x')]);
    expect(() => parseDerivation(bytes, 'x.drv')).toThrow(
      `x.drv, byte ${bytes.length - 1}: wanted ",", got "x"`,
    );
  });

  it('reads a closure of 1,200 derivations', () => {
    const env = Array.from(
      { length: 30 },
      (_, n) => `("variable${n}","${'value '.repeat(9)}\\n${n}")`,
    ).join();
    const inputs = Array.from(
      { length: 12 },
      (_, n) => `("${dep.replace('-dep', `-dep${n}`)}",["out"])`,
    ).join();
    const bytes = Buffer.from(file({ env, inputs }));
    const all = Array.from({ length: 1200 }, (_, n) => parseDerivation(bytes, `${n}.drv`));
    expect(bytes.length * all.length).toBeGreaterThan(3_000_000);
    expect(all.every((drv) => drv.env.size === 30 && drv.inputDerivations.size === 12)).toBe(true);
    expect(all.at(-1)?.env.get('variable29')).toBe(`${'value '.repeat(9)}\n29`);
  });
});
