/** A long way to the hosts of the lab where the kernel cannot delay packets: through a relay (`relay.child.ts`). */

import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { startProcess } from '../../src/process/start-process.ts';
import type { LabHost } from '../../test/lab/lab-host.ts';

export interface LongWay extends AsyncDisposable {
  /** For ssh: leads to the same addresses through the relay. */
  readonly sshConfigFile: string;
}

const sshPort = 22;

/** `sshConfigFile` leads there directly; `folder` is for another one. */
export async function lengthenWay(
  hosts: readonly LabHost[],
  roundTripMs: number,
  { sshConfigFile, folder }: { readonly sshConfigFile: string; readonly folder: string },
): Promise<LongWay> {
  const relay = await startProcess([
    process.execPath,
    join(import.meta.dirname, 'relay.child.ts'),
    String(roundTripMs / 2),
    ...hosts.map(({ address }) => `${address}:${sshPort}`),
  ]);
  relay.stderr.pipe(process.stderr);
  const [line] = await once(relay.stdout, 'data');
  const ports = z
    .array(z.number())
    .length(hosts.length)
    .parse(JSON.parse(String(line)));
  const config = hosts.flatMap(({ address }, index) => [
    `Host ${address}`,
    '  HostName 127.0.0.1',
    `  Port ${ports[index]}`,
    `  HostKeyAlias ${address}`,
  ]);
  const ours = join(folder, 'ssh_config');
  await writeFile(ours, `${[...config, 'Match all', `  Include ${sshConfigFile}`].join('\n')}\n`);
  return { sshConfigFile: ours, [Symbol.asyncDispose]: () => relay.kill() };
}
