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
    host('c', {
      standing: 'unreachable',
      current: undefined,
      lastRollout: undefined,
      why: 'c: no route\nmore',
    }),
    host('e', { standing: 'unreachable', current: undefined, desired: undefined, why: 'no' }),
    host('d', { standing: 'behind', desired: path('3'), bootsOther: true, activation: 'r: waiting' }),
  ]);

  expect(lines.map((line) => line.replace(/ {2,}/g, ' | '))).toEqual([
    'host | state | runs | should run | last rollout',
    'a | up to date | 11111111…-nixos-system-web | the same | main-1-x',
    'b | drifted | 22222222…-nixos-system-web | 11111111…-nixos-system-web | main-1-x | needs a reboot; failed: x.service',
    'c | unreachable | - | 11111111…-nixos-system-web | - | no route',
    'e | unreachable | - | - | main-1-x | no',
    'd | to be deployed | 11111111…-nixos-system-web | 33333333…-nixos-system-web | main-1-x | the next boot brings another system; rollout r: waiting',
    '',
    '1 up to date, 1 drifted, 2 unreachable, 1 to be deployed; 1 needs a reboot; 1 with failed units',
  ]);
});

it('shows those of many last that need somebody', () => {
  const many = Array.from({ length: 100 }, (_, index) => host(`web${index}`, {}));
  const units = Array.from({ length: 7 }, (_, index) => `u${index}.service`);
  many[3] = host('web3', { standing: 'unreachable', current: undefined, why: 'no route' });
  many[5] = host('web5', { failedUnits: units });
  many[7] = host('web7', { standing: 'behind', desired: path('3') });
  const lines = renderStatus(many).map((line) => line.replace(/ {2,}/g, ' | '));

  expect(lines[1]).toMatch(/^web0 /);
  expect(lines.slice(-5)).toEqual([
    expect.stringMatching(/^web7 \| to be deployed/),
    expect.stringMatching(
      /^web5 \| up to date .*failed: u0.service u1.service u2.service u3.service u4.service and 2 more$/,
    ),
    expect.stringMatching(/^web3 \| unreachable .* no route$/),
    '',
    '98 up to date, 1 to be deployed, 1 unreachable; 1 with failed units',
  ]);
  expect(renderStatus([host('a', {})])).toHaveLength(2);
});
