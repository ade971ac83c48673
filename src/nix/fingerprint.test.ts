import { describe, expect, it } from 'vitest';
import { fingerprint } from './fingerprint.ts';
import { parseHash } from './hash.ts';
import { storePathFromBaseName } from './store-path.ts';

const path = storePathFromBaseName('5k2r78dr3fdr14rll13sm5dmjb5fpw3r-hello-t');
const dep = storePathFromBaseName('7dvd7jp9sa3lhwg6ls7dl2p8ifd3mv72-dep');
const narHash = parseHash('sha256:1wh2v7avbcin9ci7xj2k5ncdxnw0dg57ly83sb85y885fr8b93g0');
const start = `1;${path};sha256:1wh2v7avbcin9ci7xj2k5ncdxnw0dg57ly83sb85y885fr8b93g0;168;`;

describe('fingerprint', () => {
  it('is what Nix signs', () => {
    expect(fingerprint({ path, narHash, narSize: 168, references: [dep] })).toBe(start + dep);
  });

  it('ends in a semicolon without references', () => {
    expect(fingerprint({ path, narHash, narSize: 168, references: [] })).toBe(start);
  });

  it('sorts references, each once', () => {
    expect(fingerprint({ path, narHash, narSize: 168, references: [dep, path, dep] })).toBe(
      `${start}${path},${dep}`,
    );
  });
});
