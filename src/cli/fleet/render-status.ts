/** How hosts stand, as a table. Pure. */

import type { HostStatus } from '../../deploy/status/host-status.ts';
import { renderTable } from '../client/render-table.ts';

const words: Readonly<Record<HostStatus['standing'], string>> = {
  current: 'up to date',
  behind: 'to be deployed',
  drifted: 'drifted',
  unknown: 'runs',
  unreachable: 'unreachable',
};

export function renderStatus(hosts: readonly HostStatus[]): readonly string[] {
  return renderTable(
    ['host', 'state', 'runs', 'should run', 'last rollout', ''],
    hosts.map((one) => [
      one.host,
      words[one.standing],
      shortened(one.current),
      one.current === one.desired ? 'the same' : shortened(one.desired),
      one.lastRollout,
      remarks(one).join('; '),
    ]),
    'no hosts',
  );
}

function remarks({ needsReboot, bootsOther, failedUnits, activation, why }: HostStatus): readonly string[] {
  return [
    ...(why === undefined ? [] : [why.split('\n')[0] ?? '']),
    ...(needsReboot ? ['needs a reboot'] : []),
    ...(bootsOther ? ['the next boot brings another system'] : []),
    ...(failedUnits.length === 0 ? [] : [`failed: ${failedUnits.join(' ')}`]),
    ...(activation === undefined ? [] : [`rollout ${activation}`]),
  ];
}

/** The digits that tell it, and its name. */
function shortened(path: string | undefined): string | null {
  if (path === undefined) return null;
  const [, hash = '', name = path] = /^\/nix\/store\/(\w{8})\w{24}-(.*)$/.exec(path) ?? [];
  return hash === '' ? path : `${hash}…-${name}`;
}
