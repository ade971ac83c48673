import { expect, it } from 'vitest';
import { errorText } from './error-text.ts';

it('names each job, in the order of the names', () => {
  expect(
    errorText([
      { job: 'web', trace: "error: assertion 'false' failed" },
      { job: 'db', trace: 'error: no\nat x' },
    ]),
  ).toBe("in job ‘db’:\nerror: no\nat x\n\nin job ‘web’:\nerror: assertion 'false' failed\n\n");
});

it('has no name for an error of the whole expression, and no text for none', () => {
  expect(errorText([{ job: '', trace: 'error: syntax' }])).toBe('error: syntax\n\n');
  expect(errorText([])).toBeNull();
});
