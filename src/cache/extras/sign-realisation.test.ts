import { describe, expect, it } from 'vitest';
import { generateSecretKey } from '../../nix/signing-key.ts';
import { parseStorePath } from '../../nix/store-path.ts';
import type { Realisation } from '../../store/read-realisation.ts';
import { buildTraceFile, realisationFile } from './sign-realisation.ts';

const key = generateSecretKey('cache-1');
const foreign = generateSecretKey('elsewhere-1').sign('whatever');
const out = '5k2r78dr3fdr14rll13sm5dmjb5fpw3r-app';
const lib = '7dvd7jp9sa3lhwg6ls7dl2p8ifd3mv72-lib';
const id = `sha256:${'ab'.repeat(32)}!out`;

const found: Realisation = {
  path: parseStorePath(`/nix/store/${out}`),
  signatures: [foreign, key.sign('of an earlier key of that name'), 'broken'],
  dependencies: new Map([
    [`sha256:${'cd'.repeat(32)}!out`, parseStorePath(`/nix/store/${lib}`)],
    [`sha256:${'01'.repeat(32)}!dev`, parseStorePath(`/nix/store/${out}`)],
  ]),
};

describe('realisationFile', () => {
  it('is what Nix up to 2.34 writes, signed over the text without signatures', () => {
    const signed =
      `{"dependentRealisations":{"sha256:${'01'.repeat(32)}!dev":"${out}","sha256:${'cd'.repeat(32)}!out":"${lib}"},` +
      `"id":"${id}","outPath":"${out}"}`;
    expect(realisationFile(id, found, [key])).toBe(
      `${signed.slice(0, -1)},"signatures":["${foreign}","${key.sign(signed)}"]}`,
    );
  });
});

describe('buildTraceFile', () => {
  it('holds the value only, and the signature is over key and value', () => {
    const drv = 'zlgwnfxvbazqglsxvwjvmphxnmabxnql-app.drv';
    const [keyName, sig] = key
      .sign(`{"key":{"drvPath":"${drv}","outputName":"out"},"value":{"outPath":"${out}"}}`)
      .split(':');
    expect(JSON.parse(buildTraceFile(drv, 'out', found, [key]))).toEqual({
      outPath: out,
      signatures: [
        { keyName: 'elsewhere-1', sig: foreign.slice(12) },
        { keyName, sig },
      ],
    });
  });
});
