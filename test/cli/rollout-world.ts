/** Two lab hosts that run an old system, a network that would have them run a new one, and Proteus with a state of its own. */

import path from 'node:path';
import type { ProcessResult } from '../../src/process/run-process.ts';
import type { RunningProcess } from '../../src/process/start-process.ts';
import { proteus, startProteus } from '../helpers/proteus.ts';
import { makeFolder, writeNetwork } from '../helpers/write-network.ts';
import { createLab, type Lab } from '../lab/lab.ts';
import type { LabHost } from '../lab/lab-host.ts';

const standIn = path.join(import.meta.dirname, '../lab/stand-in-system.nix');
const profile = '/nix/var/nix/profiles/system';

export interface RolloutWorld extends AsyncDisposable {
  readonly lab: Lab;
  readonly web: LabHost;
  readonly db: LabHost;
  /** db01, then web01; a note makes another system. Nix source of more in their modules. */
  network(note: string, more?: { readonly web?: string; readonly db?: string }): Promise<string>;
  run(...args: readonly string[]): Promise<ProcessResult>;
  start(...args: readonly string[]): Promise<RunningProcess>;
  /** What the host runs, and what its profile says: the notes of the systems. */
  stands(host: LabHost): Promise<string>;
}

export async function createRolloutWorld(): Promise<RolloutWorld> {
  const lab = await createLab();
  const [web, db] = await Promise.all([lab.addHost('web01'), lab.addHost('db01')]);
  const env = { SSH_CONFIG_FILE: lab.sshConfigFile(), XDG_STATE_HOME: await makeFolder() };
  const host = (tag: string, name: string, note: string, more: string): string =>
    `({ lib, ... }: { deployment.tags = [ "${tag}" ]; ` +
    `system.build.toplevel = lib.mkForce (import ${standIn} { name = "${name}"; note = "${note}"; }); ${more} })`;
  return {
    lab,
    web,
    db,
    network: (note, { web: moreOfWeb = '', db: moreOfDb = '' } = {}) =>
      writeNetwork(
        { web01: host('web', 'web01', note, moreOfWeb), db01: host('db', 'db01', note, moreOfDb) },
        { ordering: ['db', 'web'] },
      ),
    run: (...args) => proteus(args, { env }),
    start: (...args) => startProteus(args, { env }),
    async stands(labHost) {
      const { stdout } = await labHost.exec(`cat /run/current-system/note ${profile}/note`);
      return stdout.trim().split('\n').join(' ');
    },
    [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
  };
}
