import { expect, it } from 'vitest';
import { renderBuilders } from './render-builders.ts';
import { renderBuilds } from './render-builds.ts';

const build = {
  id: 7,
  project: 'fleet',
  jobset: 'main',
  job: 'web01',
  nixname: 'system',
  system: 'x86_64-linux',
  finished: 1,
  buildstatus: 0,
  timestamp: 1,
  starttime: 2,
  stoptime: 3,
  buildoutputs: { out: { path: '/nix/store/x' } },
};
const builder = {
  name: 'arm1',
  systems: ['x86_64-linux', 'aarch64-linux'],
  emulatedSystems: [],
  supportedFeatures: ['kvm'],
  mandatoryFeatures: ['big'],
  speedFactor: 1,
  slots: 4,
  isLocal: false,
  drained: false,
  avoidedUntil: null,
  lastLoss: null,
  running: [],
};

it('shows builds by job', () => {
  expect(
    renderBuilds([
      build,
      { ...build, id: 8, job: 'db01', finished: 0, buildstatus: null, buildoutputs: { out: { path: null } } },
      { ...build, id: 9, job: 'a', finished: 0, buildstatus: null, starttime: null },
    ]),
  ).toEqual([
    'job    build  system        result     output',
    'a          9  x86_64-linux  queued     /nix/store/x',
    'db01       8  x86_64-linux  building   -',
    'web01      7  x86_64-linux  succeeded  /nix/store/x',
  ]);
});

it('shows builders and why one takes nothing', () => {
  const lines = renderBuilders(
    [
      { ...builder, emulatedSystems: ['aarch64-linux'] },
      { ...builder, drained: true },
      { ...builder, avoidedUntil: 15_000, lastLoss: 'no route' },
      { ...builder, avoidedUntil: 9_000, lastLoss: 'no route' },
    ],
    10_000,
  );

  expect(lines.map((line) => line.replace(/ {2,}/g, ' | '))).toEqual([
    'builder | systems | running | slots | speed | features | state',
    'arm1 | x86_64-linux aarch64-linux* | 0 | 4 | 1 | kvm big! | ready',
    'arm1 | x86_64-linux aarch64-linux | 0 | 4 | 1 | kvm big! | drained',
    'arm1 | x86_64-linux aarch64-linux | 0 | 4 | 1 | kvm big! | lost, tried again in 5.0 s: no route',
    'arm1 | x86_64-linux aarch64-linux | 0 | 4 | 1 | kvm big! | ready',
    '* emulated',
  ]);
});
