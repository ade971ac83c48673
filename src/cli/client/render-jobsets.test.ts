import { expect, it } from 'vitest';
import { renderJobsets } from './render-jobsets.ts';

const jobset = {
  project: 'fleet',
  name: 'main',
  nrscheduled: 1,
  nrsucceeded: 20,
  nrfailed: 3,
  nrtotal: 24,
  lastcheckedtime: 1000,
  starttime: null,
  checkinterval: 300,
  triggertime: null,
  fetcherrormsg: '',
  haserrormsg: false,
};

it('says how jobsets stand', () => {
  expect(
    renderJobsets(
      [
        jobset,
        { ...jobset, name: 'a', lastcheckedtime: null, starttime: 5 },
        { ...jobset, name: 'b', triggertime: 5 },
        { ...jobset, name: 'c', fetcherrormsg: 'no such branch' },
        { ...jobset, name: 'd', haserrormsg: true },
      ],
      1_065_000,
    ),
  ).toEqual([
    'jobset      succeeded  failed  queued  checked        state',
    'fleet:main         20       3       1  1 min 5 s ago',
    'fleet:a            20       3       1  never          evaluating',
    'fleet:b            20       3       1  1 min 5 s ago  to be evaluated',
    'fleet:c            20       3       1  1 min 5 s ago  cannot fetch its inputs',
    'fleet:d            20       3       1  1 min 5 s ago  has evaluation errors',
  ]);
});

it('says how to make the first', () => {
  expect(renderJobsets([], 0)).toEqual(['no jobsets: proteus jobset create PROJECT:JOBSET']);
});
