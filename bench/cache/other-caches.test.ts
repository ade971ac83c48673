import { describe, expect, it } from 'vitest';
import { otherCaches } from './other-caches.ts';

const found = (...programs: readonly string[]) =>
  otherCaches('/f', 1234, (program) => programs.includes(program));

describe('other caches to compare with', () => {
  it('are those that are there', () => {
    expect(found()).toEqual([]);
    expect(found('nix-serve').map(({ argv }) => argv)).toEqual([
      ['nix-serve', '--listen', '127.0.0.1:1234', '--workers', '1'],
    ]);
    expect(found('harmonia', 'nix-serve').map(({ name }) => name)).toEqual(['harmonia', 'nix-serve']);
  });

  it('run one worker, and sign', () => {
    const [harmonia] = found('harmonia-cache');
    expect(harmonia).toEqual({
      name: 'harmonia',
      argv: ['harmonia-cache'],
      env: { CONFIG_FILE: '/f/harmonia.toml', SIGN_KEY_PATHS: '/f/key', SIGN_KEY_PATH: '/f/key' },
      config: { file: '/f/harmonia.toml', text: 'bind = "127.0.0.1:1234"\nworkers = 1\npriority = 30\n' },
    });
  });
});
