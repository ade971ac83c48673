import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import type { ApiEnv } from '../api-deps.ts';
import { clientAddress } from './client-address.ts';

const app = new Hono<ApiEnv>();
app.get('/', (c) => c.text(clientAddress(c)));
const ask = async (remoteAddress: string | undefined, forwarded?: string): Promise<string> => {
  const headers = forwarded === undefined ? {} : { 'X-Forwarded-For': forwarded };
  const response = await app.request('/', { headers }, { incoming: { socket: { remoteAddress } } });
  return response.text();
};

describe('clientAddress', () => {
  it('is who is connected', async () => {
    expect(await ask('192.0.2.1')).toBe('192.0.2.1');
    expect(await ask(undefined)).toBe('unknown');
    expect(await (await app.request('/')).text()).toBe('unknown');
  });

  it('is what a proxy on this machine says last', async () => {
    expect(await ask('127.0.0.1', '203.0.113.9, 192.0.2.1')).toBe('192.0.2.1');
    expect(await ask('::1', '2001:db8::1')).toBe('2001:db8::1');
    expect(await ask('::ffff:127.0.0.1', '192.0.2.1')).toBe('192.0.2.1');
    expect(await ask('127.0.0.1', '192.0.2.1, nonsense')).toBe('127.0.0.1');
  });

  it('is not what others say', async () => {
    expect(await ask('192.0.2.1', '203.0.113.9')).toBe('192.0.2.1');
    expect(await ask('128.127.0.1', '203.0.113.9')).toBe('128.127.0.1');
  });
});
