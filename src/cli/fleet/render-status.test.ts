import { expect, it } from 'vitest';
import type { HostStatus } from '../../deploy/status/host-status.ts';
import { renderStatus } from './render-status.ts';

const path = (digit: string): string => `/nix/store/${digit.repeat(32)}-nixos-system-web`;
const host = (name: string, change: Partial<HostStatus>): HostStatus => ({
  host: name,
  standing: 'current',
  desired: path('1'),
  current: path('1'),
  booted: path('1'),
  profile: path('1'),
  needsReboot: false,
  bootsOther: false,
  failedUnits: [],
  lastRollout: 'main-1-x',
  activation: undefined,
  why: undefined,
  ...change,
});

it('shows how hosts stand, and what there is to say', () => {
  const lines = renderStatus([
    host('a', {}),
    host('b', { standing: 'drifted', current: path('2'), needsReboot: true, failedUnits: ['x.service'] }),
    host('c', { standing: 'unreachable', current: undefined, lastRollout: undefined, why: 'no route\nmore' }),
    host('d', { standing: 'behind', desired: path('3'), bootsOther: true, activation: 'r: waiting' }),
  ]);

  expect(lines.map((line) => line.replace(/ {2,}/g, ' | '))).toEqual([
    'host | state | runs | should run | last rollout',
    'a | up to date | 11111111…-nixos-system-web | the same | main-1-x',
    'b | drifted | 22222222…-nixos-system-web | 11111111…-nixos-system-web | main-1-x | needs a reboot; failed: x.service',
    'c | unreachable | - | 11111111…-nixos-system-web | - | no route',
    'd | to be deployed | 11111111…-nixos-system-web | 33333333…-nixos-system-web | main-1-x | the next boot brings another system; rollout r: waiting',
  ]);
});
