import { describe, expect, it } from 'vitest';
import { parseId, parseJobName, parseJobsetName } from './job-name.ts';

const own = { project: 'p', jobset: 'j' };

describe('parseJobName', () => {
  it.each([
    ['job', { project: 'p', jobset: 'j', job: 'job' }],
    ['a.b-c_d', { project: 'p', jobset: 'j', job: 'a.b-c_d' }],
    ['trunk-1.0:a.b', { project: 'p', jobset: 'trunk-1.0', job: 'a.b' }],
    ['other:trunk:a', { project: 'other', jobset: 'trunk', job: 'a' }],
  ])('reads %s', (text, name) => {
    expect(parseJobName(text, own)).toEqual(name);
  });

  it.each(['', '1a', 'a..b', 'a:b:c:d', 'p:j:', 'a [system="x"]', 'a b'])('does not take %j', (text) => {
    expect(parseJobName(text, own)).toBeUndefined();
  });
});

describe('parseJobsetName', () => {
  it('takes a job, or none', () => {
    expect(parseJobsetName('p:j')).toEqual({ project: 'p', jobset: 'j' });
    expect(parseJobsetName('p:j.k:a.b')).toEqual({ project: 'p', jobset: 'j.k', job: 'a.b' });
    expect(parseJobsetName('j')).toBeUndefined();
  });
});

describe('parseId', () => {
  it('takes digits', () => {
    expect(parseId('12')).toBe(12);
    expect(parseId('-1')).toBeUndefined();
    expect(parseId('1e3')).toBeUndefined();
    expect(parseId('9'.repeat(16))).toBeUndefined();
  });
});
