import { describe, expect, it } from 'vitest';
import { jobMeta } from './job-meta.ts';

const nothing = {
  description: null,
  license: null,
  homepage: null,
  maintainers: null,
  schedulingPriority: 100,
  timeout: null,
  maxSilent: null,
  isChannel: false,
};

describe('jobMeta', () => {
  it('has a value for everything when there is no meta', () => {
    expect(jobMeta({})).toEqual(nothing);
  });

  it('takes texts and numbers as they are', () => {
    const meta = {
      description: 'a job',
      homepage: 'https://example.org',
      schedulingPriority: 200,
      timeout: 60,
      maxSilent: '30',
      isChannel: true,
      unknown: {},
    };
    const { unknown: _unknown, ...known } = meta;

    expect(jobMeta(meta)).toEqual({ ...nothing, ...known, maxSilent: 30 });
  });

  it('joins what licenses and maintainers are called', () => {
    expect(
      jobMeta({
        license: [{ shortName: 'MIT', free: true }, 'BSD', { free: true }],
        maintainers: ['bob@not.found', { email: 'alice@example.com', name: 'Alice' }, 5],
      }),
    ).toMatchObject({ license: 'MIT, BSD', maintainers: 'bob@not.found, alice@example.com' });
    expect(jobMeta({ license: { shortName: 'GPL' }, maintainers: 'a@b' })).toMatchObject({
      license: 'GPL',
      maintainers: 'a@b',
    });
  });

  it('knows a channel by either name', () => {
    expect(jobMeta({ isHydraChannel: true }).isChannel).toBe(true);
    expect(jobMeta({ isChannel: false, isHydraChannel: true }).isChannel).toBe(false);
  });

  it('overlooks what has another form', () => {
    const odd = {
      description: ['x'],
      license: 5,
      homepage: {},
      maintainers: null,
      schedulingPriority: 'high',
      timeout: 1.5,
      maxSilent: -5,
      isChannel: 'no',
    };

    expect(jobMeta(odd)).toEqual(nothing);
  });
});
