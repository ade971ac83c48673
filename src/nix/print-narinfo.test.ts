import { describe, expect, it } from 'vitest';
import { parseHash } from './hash.ts';
import type { NarInfo } from './narinfo.ts';
import { printNarInfo } from './print-narinfo.ts';
import { storePathFromBaseName } from './store-path.ts';

const dep = storePathFromBaseName('7dvd7jp9sa3lhwg6ls7dl2p8ifd3mv72-dep');
const hello = storePathFromBaseName('5k2r78dr3fdr14rll13sm5dmjb5fpw3r-hello-t');
const base16 = 'e14328fa25d83df896d456bfde95192eda1a6210e57460782c4620382482ab02';
const nix32 = '00mbh8j3h8265iw60x7521i1mnif36axxgsnsjbghgfq4px2hhz1';
const minimal: NarInfo = {
  storePath: hello,
  url: 'nar/x.nar',
  compression: 'none',
  narHash: parseHash(base16, 'sha256'),
  narSize: 168,
  references: [],
  signatures: [],
};

describe('printNarInfo', () => {
  it('writes every field in the order of Nix', () => {
    const info: NarInfo = {
      ...minimal,
      compression: 'zstd',
      fileHash: parseHash(base16, 'sha256'),
      fileSize: 120,
      references: [hello, dep],
      deriver: storePathFromBaseName('zlgwnfxvbazqglsxvwjvmphxnmabxnql-hello-t.drv'),
      system: 'x86_64-linux',
      signatures: ['a:1', 'b:2'],
      contentAddress: `fixed:r:sha256:${nix32}`,
    };
    expect(printNarInfo(info)).toBe(
      [
        'StorePath: /nix/store/5k2r78dr3fdr14rll13sm5dmjb5fpw3r-hello-t',
        'URL: nar/x.nar',
        'Compression: zstd',
        `FileHash: sha256:${nix32}`,
        'FileSize: 120',
        `NarHash: sha256:${nix32}`,
        'NarSize: 168',
        'References: 5k2r78dr3fdr14rll13sm5dmjb5fpw3r-hello-t 7dvd7jp9sa3lhwg6ls7dl2p8ifd3mv72-dep',
        'Deriver: zlgwnfxvbazqglsxvwjvmphxnmabxnql-hello-t.drv',
        'System: x86_64-linux',
        'Sig: a:1',
        'Sig: b:2',
        `CA: fixed:r:sha256:${nix32}`,
        '',
      ].join('\n'),
    );
  });

  it('keeps the space after empty references, which every Nix needs', () => {
    expect(printNarInfo(minimal)).toBe(
      `StorePath: ${hello}\nURL: nar/x.nar\nCompression: none\nNarHash: sha256:${nix32}\nNarSize: 168\nReferences: \n`,
    );
  });

  it('sorts references', () => {
    expect(printNarInfo({ ...minimal, references: [dep, hello] })).toContain(
      'References: 5k2r78dr3fdr14rll13sm5dmjb5fpw3r-hello-t 7dvd7jp9',
    );
  });

  it('writes a file of 0 bytes', () => {
    expect(printNarInfo({ ...minimal, fileSize: 0 })).toContain('FileSize: 0\n');
  });
});
