/**
 * An empty store for one side of one round: a new tmpfs over /nix/store, and a state folder of its own whose database
 * is made before anything is timed. Unmounting it brings back what was there. Only inside scripts/in-lab, where /nix
 * is nobody's.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runProcess } from '../../src/process/run-process.ts';

export class FreshStore implements AsyncDisposable {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly #state: string;

  static async create(): Promise<FreshStore> {
    if (process.env.PROTEUS_LAB !== '1') {
      throw new Error('to be run by scripts/bench: it mounts an empty store over /nix/store');
    }
    const state = await mkdtemp(path.join(tmpdir(), 'bench-state-'));
    await runProcess(['mount', '-t', 'tmpfs', '-o', 'mode=1775', 'tmpfs', '/nix/store']);
    const store = new FreshStore(state);
    await runProcess(['nix-store', '--init'], { env: store.env });
    return store;
  }

  private constructor(state: string) {
    this.#state = state;
    this.env = { ...process.env, NIX_STATE_DIR: state };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await runProcess(['umount', '/nix/store']);
    await rm(this.#state, { recursive: true, force: true });
  }
}
