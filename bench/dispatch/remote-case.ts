/**
 * 100 trivial steps on one builder, which is a host of the lab with a real sshd: ours against `nix-build --builders`,
 * both with the same two slots there and nothing built here. A new scheduler for each round, so that logging in counts.
 */

import { readFile } from 'node:fs/promises';
import { parseBuildersOption } from '../../src/build/builders-option.ts';
import { createLab } from '../../test/lab/lab.ts';
import type { LabHost } from '../../test/lab/lab-host.ts';
import type { BenchCase } from '../bench-case.ts';
import { benchCase } from '../bench-case.ts';
import { nixBuild, ourSide } from './contestants.ts';
import { instantiateWorkload } from './workloads.ts';

const steps = 100;

export async function* remoteCase(rounds: number, say: (text: string) => void): AsyncGenerator<BenchCase> {
  await using lab = await createLab();
  const host = await lab.addHost('forge');
  const key = Buffer.from(host.hostKey).toString('base64');
  const line = `ssh-ng://root@${host.address} x86_64-linux ${lab.identityFile} 2 1 - - ${key}`;
  const builders = parseBuildersOption(line, { defaultSystem: 'x86_64-linux' });
  const measured = {
    ours: [] as number[],
    peer: [] as number[],
    ourLogins: [] as number[],
    peerLogins: [] as number[],
  };
  for (let round = 1; round <= rounds; round += 1) {
    const before = await logins(host);
    {
      const drvPaths = await instantiateWorkload('independent', `remote-ours-${round}`, steps);
      await using ours = await ourSide(builders);
      measured.ours.push(await ours.build(drvPaths));
    }
    const between = await logins(host);
    const drvPaths = await instantiateWorkload('independent', `remote-peer-${round}`, steps);
    measured.peer.push(await nixBuild(drvPaths, ['-j0', '--builders', line]));
    measured.ourLogins.push(between - before);
    measured.peerLogins.push((await logins(host)) - between);
    say(
      `remote, round ${round}: ours ${ms(measured.ours)}, ${between - before} login(s); nix-build ${ms(measured.peer)}`,
    );
  }
  const common = { bench: 'dispatch', peerName: 'nix-build --builders' };
  yield benchCase({
    ...common,
    case: `${steps} steps on a remote builder`,
    unit: 'ms',
    ours: measured.ours,
    peer: measured.peer,
    atMost: 0.3,
  });
  yield benchCase({
    ...common,
    case: 'logins there',
    unit: 'logins',
    ours: measured.ourLogins,
    peer: measured.ourLogins.map(() => 1),
    peerName: 'one for the builder',
    atMost: 1,
  });
  yield benchCase({
    ...common,
    case: 'logins there, compared',
    unit: 'logins',
    ours: measured.ourLogins,
    peer: measured.peerLogins,
  });
}

const ms = (values: readonly number[]): string => `${Math.round(values.at(-1) ?? 0)} ms`;

async function logins(host: LabHost): Promise<number> {
  return (await readFile(host.path('/var/log/sshd.log'), 'utf8')).match(/Accepted publickey/g)?.length ?? 0;
}
