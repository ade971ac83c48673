/** A job's newest build for Prometheus, under Hydra's names. */

import type { BuildRecord } from '../db/records.ts';
import { seconds } from './json/seconds.ts';

export function jobMetrics(build: BuildRecord): string {
  const { project, jobset, job } = build;
  const labels = Object.entries({ project, jobset, job })
    .map(([name, value]) => `${name}="${value.replace(/["\\\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))}"`)
    .join(',');
  const metric = (name: string, type: 'counter' | 'gauge', help: string, value: number | null): string =>
    value === null ? '' : `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name}{${labels}} ${value}\n`;
  return [
    metric(
      'hydra_job_completion_time',
      'counter',
      'When the newest build of the job ended, in seconds since 1970.',
      build.stoppedAt === null ? null : seconds(build.stoppedAt),
    ),
    metric(
      'hydra_job_failed',
      'gauge',
      '1 when the newest build of the job did not succeed.',
      build.status === 0 ? 0 : 1,
    ),
    metric('hydra_build_closure_size', 'gauge', 'Bytes of the closure of that build.', build.closureSize),
    metric('hydra_build_output_size', 'gauge', 'Bytes of the outputs of that build.', build.size),
  ].join('');
}
