import { describe, expect, it } from 'vitest';
import type { BuildRecord } from '../db/records.ts';
import { jobMetrics } from './job-metrics.ts';

const build: BuildRecord = {
  id: 1,
  jobsetId: 1,
  project: 'p',
  jobset: 'j',
  job: 'odd "name"\\\n',
  nixName: 'x',
  system: 'x86_64-linux',
  drvPath: '/nix/store/x.drv',
  outputs: {},
  description: null,
  license: null,
  homepage: null,
  maintainers: null,
  maxSilent: null,
  timeout: null,
  isChannel: false,
  priority: 100,
  queuedAt: 1,
  startedAt: 2000,
  stoppedAt: 3999,
  finished: true,
  status: 1,
  isCached: false,
  isCurrent: true,
  globalPriority: 0,
  errorMessage: null,
  size: null,
  closureSize: null,
  releaseName: null,
  keep: false,
};

describe('jobMetrics', () => {
  it('escapes labels, and leaves out what is not known', () => {
    const labels = '{project="p",jobset="j",job="odd \\"name\\"\\\\\\n"}';

    expect(jobMetrics(build).split('\n')).toEqual([
      expect.stringMatching(/^# HELP hydra_job_completion_time /),
      '# TYPE hydra_job_completion_time counter',
      `hydra_job_completion_time${labels} 3`,
      expect.stringMatching(/^# HELP hydra_job_failed /),
      '# TYPE hydra_job_failed gauge',
      `hydra_job_failed${labels} 1`,
      '',
    ]);
  });
});
