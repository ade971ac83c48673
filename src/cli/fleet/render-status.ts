/**
 * How hosts stand, as a table, and how many there are of each kind. Of more than fit on a screen those that need somebody
 * come last, where the eye is when all has been printed. Pure.
 */

import type { HostStatus } from '../../deploy/status/host-status.ts';
import { renderTable } from '../client/render-table.ts';
import { countKinds } from './count-kinds.ts';
import { withoutName } from './without-name.ts';

const words: Readonly<Record<HostStatus['standing'], string>> = {
  current: 'up to date',
  behind: 'to be deployed',
  drifted: 'drifted',
  unknown: 'runs',
  unreachable: 'unreachable',
};

/** What fits on a screen. */
const few = 20;
/** What is fine first. */
const order: readonly HostStatus['standing'][] = ['current', 'unknown', 'behind', 'drifted', 'unreachable'];
const mostUnits = 5;

export function renderStatus(hosts: readonly HostStatus[]): readonly string[] {
  const sorted = hosts.length <= few ? hosts : hosts.toSorted((a, b) => concern(a) - concern(b));
  const table = renderTable(
    ['host', 'state', 'runs', 'should run', 'last rollout', ''],
    sorted.map((one) => [
      one.host,
      words[one.standing],
      shortened(one.current),
      one.current !== undefined && one.current === one.desired ? 'the same' : shortened(one.desired),
      one.lastRollout,
      remarks(one).join('; '),
    ]),
    'no hosts',
  );
  return hosts.length < 2 ? table : [...table, '', totals(sorted)];
}

function concern(host: HostStatus): number {
  return order.indexOf(host.standing) + (remarks(host).length > 0 ? order.length : 0);
}

function totals(hosts: readonly HostStatus[]): string {
  const reboots = hosts.filter(({ needsReboot }) => needsReboot).length;
  const failed = hosts.filter(({ failedUnits }) => failedUnits.length > 0).length;
  return [
    countKinds(hosts.map(({ standing }) => (standing === 'unknown' ? 'not known' : words[standing]))),
    ...(reboots === 0 ? [] : [reboots === 1 ? '1 needs a reboot' : `${reboots} need a reboot`]),
    ...(failed === 0 ? [] : [`${failed} with failed units`]),
  ].join('; ');
}

function remarks(status: HostStatus): readonly string[] {
  const { needsReboot, bootsOther, failedUnits, activation, why } = status;
  const more = failedUnits.length - mostUnits;
  const units = failedUnits.slice(0, mostUnits).join(' ');
  return [
    ...(why === undefined ? [] : [withoutName(status.host, why).split('\n')[0] ?? '']),
    ...(needsReboot ? ['needs a reboot'] : []),
    ...(bootsOther ? ['the next boot brings another system'] : []),
    ...(failedUnits.length === 0 ? [] : [`failed: ${units}${more > 0 ? ` and ${more} more` : ''}`]),
    ...(activation === undefined ? [] : [`rollout ${activation}`]),
  ];
}

/** The digits that tell it, and its name. */
function shortened(path: string | undefined): string | null {
  if (path === undefined) return null;
  const [, hash = '', name = path] = /^\/nix\/store\/(\w{8})\w{24}-(.*)$/.exec(path) ?? [];
  return hash === '' ? path : `${hash}…-${name}`;
}
