import { describe, expect, it } from 'vitest';
import { openTestApi } from '../testing/test-api.ts';
import { acceptsJson } from './wants-json.ts';

describe('acceptsJson', () => {
  it.each([
    'application/json',
    'Application/JSON; charset=utf-8',
    'text/x-json',
    'application/*',
    'application/json, text/plain, */*',
    'text/html;q=0.5, application/json',
    '*/*, application/json',
    'text/plain, application/json;q=0.1',
  ])('is true of %j', (accept) => {
    expect(acceptsJson(accept)).toBe(true);
  });

  it.each([
    '',
    '*/*',
    'text/html',
    'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'text/html, application/json',
    'application/json;q=0, text/html',
    'text/plain',
    'application/jsonp',
    ','.repeat(10_000),
  ])('is not true of %j', (accept) => {
    expect(acceptsJson(accept)).toBe(false);
  });
});

describe('wantsJson', () => {
  it.each([
    [{ 'Content-Type': 'application/json' }, '', true],
    [{ 'Content-Type': 'application/json', Accept: 'text/html' }, '', true],
    [{ 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'application/json' }, '', true],
    [{ 'Content-Type': 'application/x-www-form-urlencoded' }, '', false],
    [{ Accept: 'text/html' }, '?content-type=application/json', true],
    [{ Accept: 'text/html' }, '', false],
  ])('with %j and "%s" is %s', async (headers, query, wanted) => {
    await using api = await openTestApi();
    const response = await api.request(`/project/tests${query}`, { headers });

    expect(response.headers.get('Content-Type')?.startsWith('application/json')).toBe(wanted);
    expect(response.headers.get('Vary')).toBe('Accept');
  });
});
