import { describe, expect, it } from 'vitest';
import { generateSecretKey, parseSecretKey } from '../nix/signing-key.ts';
import { parseStorePath } from '../nix/store-path.ts';
import { trustLines } from './trust-lines.ts';

const first = parseSecretKey(
  'test-1:GSvIR4ch8UKQaZOKvQA0J8ThU5jHi5HBQvfIcyQ1DsuOglNhtzcRWidjLPKviiv4IKv4EYt7mVFFywMLztl57g==',
);
const firstText = 'test-1:joJTYbc3EVonYyzyr4or+CCr+BGLe5lRRcsDC87Zee4=';
const path = parseStorePath('/nix/store/5k2r78dr3fdr14rll13sm5dmjb5fpw3r-hello-t');

describe('trustLines', () => {
  it('gives lines for nix.conf, for NixOS, and a command that proves them', () => {
    expect(trustLines('http://ci:8080', [first.publicKey], path)).toEqual([
      'in /etc/nix/nix.conf:',
      '  extra-substituters = http://ci:8080',
      `  extra-trusted-public-keys = ${firstText}`,
      'or in a NixOS configuration:',
      '  nix.settings.substituters = [ "http://ci:8080" ];',
      `  nix.settings.trusted-public-keys = [ "${firstText}" ];`,
      'to prove it on that machine:',
      '  nix --extra-experimental-features nix-command store verify --no-contents --store http://ci:8080 ' +
        path,
    ]);
  });

  it('names every key, and asks for a path when none is at hand', () => {
    const lines = trustLines('http://ci', [first.publicKey, generateSecretKey('test-2').publicKey]);
    expect(lines[2]).toMatch(/ = test-1:\S+ test-2:\S+$/);
    expect(lines[5]).toMatch(/\[ "test-1:\S+" "test-2:\S+" \];$/);
    expect(lines.at(-1)).toMatch(/ --store http:\/\/ci PATH$/);
  });
});
