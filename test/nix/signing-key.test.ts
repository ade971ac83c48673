import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fingerprint } from '../../src/nix/fingerprint.ts';
import { parseHash } from '../../src/nix/hash.ts';
import { parseNarInfo } from '../../src/nix/parse-narinfo.ts';
import { printNarInfo } from '../../src/nix/print-narinfo.ts';
import { parsePublicKey, printPublicKey } from '../../src/nix/public-key.ts';
import { generateSecretKey, parseSecretKey, printSecretKey } from '../../src/nix/signing-key.ts';
import { parseStorePath, type StorePath, storePathHash } from '../../src/nix/store-path.ts';
import { nixText, runNix } from './run-nix.ts';

let folder: string;
/** Two paths, the second with the first as a reference. */
let paths: readonly [StorePath, StorePath];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'proteus-key-'));
  const expression = 'let a = builtins.toFile "a" "text"; in [ a (builtins.toFile "b" a) ]';
  const json = nixText(
    'nix-instantiate',
    '--eval',
    '--json',
    '--strict',
    '--read-write-mode',
    '--expr',
    expression,
  );
  const [a, b] = JSON.parse(json) as [string, string];
  paths = [parseStorePath(a), parseStorePath(b)];
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface NixPathInfo {
  readonly path: string;
  readonly narHash: string;
  readonly narSize: number;
  readonly references: readonly string[];
  readonly signatures?: readonly string[];
}

function pathInfo(path: StorePath): NixPathInfo {
  // A list up to 2.18, an object by path since then.
  const told = JSON.parse(nixText('nix', 'path-info', '--json', '--sigs', path)) as
    | NixPathInfo[]
    | Record<string, Omit<NixPathInfo, 'path'>>;
  const info = Array.isArray(told) ? told[0] : { ...told[path]!, path };
  if (info === undefined) throw new Error(`Nix knows nothing of ${path}`);
  return info;
}

function messageFor(path: StorePath): string {
  const info = pathInfo(path);
  return fingerprint({
    path,
    narHash: parseHash(info.narHash),
    narSize: info.narSize,
    references: info.references.map(parseStorePath),
  });
}

describe('signing keys and Nix', () => {
  it('read the keys that nix-store makes', () => {
    const [secretFile, publicFile] = [join(folder, 'a.sec'), join(folder, 'a.pub')];
    runNix('nix-store', '--generate-binary-cache-key', 'nix-made-1', secretFile, publicFile);
    const text = readFileSync(secretFile, 'utf8');
    const key = parseSecretKey(text);
    expect(key.name).toBe('nix-made-1');
    expect(printPublicKey(key.publicKey)).toBe(readFileSync(publicFile, 'utf8').trim());
    expect(printSecretKey(key)).toBe(text.trim());
  });

  it('make keys that Nix reads, and sign as it does', () => {
    const file = join(folder, 'b.sec');
    const key = generateSecretKey('ours-1');
    writeFileSync(file, printSecretKey(key), { mode: 0o600 });
    for (const path of paths) {
      runNix('nix', 'store', 'sign', '--key-file', file, path);
      expect(pathInfo(path).signatures).toContain(key.sign(messageFor(path)));
    }
  });

  it('verify what Nix signs, and Nix verifies what they sign', () => {
    const file = join(folder, 'c.sec');
    const key = generateSecretKey('both-1');
    writeFileSync(file, printSecretKey(key), { mode: 0o600 });
    const [, path] = paths;
    runNix('nix', 'store', 'sign', '--key-file', file, path);
    const theirs = pathInfo(path).signatures?.find((signature) => signature.startsWith('both-1:'));
    expect(parsePublicKey(printPublicKey(key.publicKey)).verify(messageFor(path), theirs ?? '')).toBe(true);
  });
});

describe('narinfos and Nix', () => {
  it('read what nix copy writes, and write the same', () => {
    const cache = join(folder, 'cache');
    for (const compression of ['none', 'xz']) {
      runNix('nix', 'copy', '--to', `file://${cache}-${compression}?compression=${compression}`, ...paths);
      for (const path of paths) {
        const text = readFileSync(`${cache}-${compression}/${storePathHash(path)}.narinfo`, 'utf8');
        const info = parseNarInfo(text, path);
        expect(info.storePath).toBe(path);
        expect(info.compression).toBe(compression);
        expect(printNarInfo(info)).toBe(text);
      }
    }
  });

  it('are accepted by a client with our signature alone', () => {
    const cache = join(folder, 'signed');
    const key = generateSecretKey('client-1');
    // An input-addressed path: content-addressed ones need no signature.
    const expression =
      'derivation { name = "built"; system = builtins.currentSystem; builder = "/bin/sh"; args = ["-c" "echo x > $out"]; }';
    const path = parseStorePath(nixText('nix-build', '--no-out-link', '--expr', expression));
    runNix('nix', 'copy', '--to', `file://${cache}?compression=none`, path);
    const file = `${cache}/${storePathHash(path)}.narinfo`;
    const info = parseNarInfo(readFileSync(file, 'utf8'), path);
    const copy = (root: string) =>
      runNix(
        'nix',
        'copy',
        '--from',
        `file://${cache}`,
        '--to',
        `local?root=${join(folder, root)}`,
        '--option',
        'trusted-public-keys',
        printPublicKey(key.publicKey),
        path,
      );
    writeFileSync(
      file,
      printNarInfo({ ...info, signatures: [key.sign(`${fingerprint({ ...info, path })}x`)] }),
    );
    expect(() => copy('refused')).toThrow(/lacks a (valid signature|signature by a trusted key)/);
    writeFileSync(file, printNarInfo({ ...info, signatures: [key.sign(fingerprint({ ...info, path }))] }));
    copy('accepted');
    expect(readFileSync(join(folder, 'accepted', path), 'utf8')).toBe('x\n');
  });
});
