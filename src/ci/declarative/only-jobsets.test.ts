import { expect, it } from 'vitest';
import type { JobsetResult } from '../../evaluate/jobset-evaluation.ts';
import { onlyJobsets } from './only-jobsets.ts';

const job = (name: string) => ({ type: 'job', job: { name } }) as JobsetResult; // its name is all that counts
const failed = (name: string): JobsetResult => ({
  type: 'failed',
  job: name,
  error: { message: 'no', trace: 'error: no' },
});

async function* gives(...all: readonly JobsetResult[]): AsyncGenerator<JobsetResult> {
  yield* all;
}
const ends = async (...all: readonly JobsetResult[]) => Array.fromAsync(onlyJobsets(gives(...all)));

it('passes on the one job there is to be, built or broken', async () => {
  expect(await ends(job('jobsets'))).toEqual([job('jobsets')]);
  expect(await ends(failed('jobsets'))).toEqual([failed('jobsets')]);
  expect(await ends(failed(''))).toEqual([failed('')]);
});

it.each([
  [[], 'got none'],
  [[job('other')], 'got other'],
  [[job('jobsets'), job('more')], 'got jobsets, more'],
])('fails as a whole with %j, and builds nothing of it', async (all, message) => {
  expect(await ends(...all)).toEqual([
    {
      type: 'failed',
      job: '',
      error: expect.objectContaining({ message: expect.stringContaining(message) }),
    },
  ]);
});
