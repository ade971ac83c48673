import { describe, expect, it } from 'vitest';
import { parseS3Url } from './parse-s3-url.ts';

const env = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' };
const others = { accessKeyId: 'id', secretAccessKey: 'secret', timeoutMs: 20_000 };

describe('parseS3Url', () => {
  it.each([
    [
      's3://nars',
      { endpoint: 'https://s3.us-east-1.amazonaws.com', bucket: 'nars', prefix: '', region: 'us-east-1' },
    ],
    [
      's3://nars/a/b/?region=eu-west-1',
      { endpoint: 'https://s3.eu-west-1.amazonaws.com', bucket: 'nars', prefix: 'a/b/', region: 'eu-west-1' },
    ],
    [
      's3://nars?endpoint=http://127.0.0.1:9000/',
      { endpoint: 'http://127.0.0.1:9000', bucket: 'nars', prefix: '', region: 'us-east-1' },
    ],
    [
      's3://nars?timeout=90',
      {
        ...{
          endpoint: 'https://s3.us-east-1.amazonaws.com',
          bucket: 'nars',
          prefix: '',
          region: 'us-east-1',
        },
        timeoutMs: 90_000,
      },
    ],
    [
      's3://nars?endpoint=s3.example.org&region=auto',
      { endpoint: 'https://s3.example.org', bucket: 'nars', prefix: '', region: 'auto' },
    ],
  ])('reads %s', (text, place) => {
    expect(parseS3Url(text, env)).toEqual({ ...others, ...place });
  });

  it.each([
    ['s3://', 'it names no bucket'],
    ['s3://Nars', 'it names no bucket'],
    ['s3://nars/../x', 'a prefix has'],
    ['s3://nars?profile=x', 'profile is not known'],
    ['s3://nars?timeout=0', 'its timeout is no number of seconds from 1 to 9999'],
    ['s3://nars?timeout=1e3', 'its timeout is'],
    ['s3://nars?endpoint=ftp://x', 'its endpoint is no http'],
  ])('refuses %s', (text, problem) => {
    expect(() => parseS3Url(text, env)).toThrow(problem);
  });

  it('wants keys in the environment, and never tells them', () => {
    expect(() => parseS3Url('s3://nars', { AWS_SECRET_ACCESS_KEY: 'hidden' })).toThrow(
      /^(?!.*hidden).*wanted AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY/,
    );
  });
});
