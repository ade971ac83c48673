import { describe, expect, it } from 'vitest';
import { type NginxSettings, renderNginx } from './render-nginx.ts';

const plain: NginxSettings = {
  serverName: 'cache.example.org',
  tls: undefined,
  upstream: '127.0.0.1:3000',
  files: undefined,
  site: false,
};
const tls = { certificate: '/etc/ssl/a b.pem', key: '/etc/ssl/key.pem' };

describe('renderNginx', () => {
  it('is complete, or only what goes inside http', () => {
    expect(renderNginx(plain)).toMatch(/^worker_processes auto;$[\s\S]*^events \{$[\s\S]*^http \{$/m);
    expect(renderNginx({ ...plain, site: true })).not.toMatch(/^\s*(?:events|http) \{/m);
    expect(renderNginx({ ...plain, site: true })).toMatch(/^upstream proteus_cache \{$/m);
  });

  it('speaks TLS where there is a certificate, and sends everybody there', () => {
    expect(renderNginx(plain)).not.toMatch(/ssl|return 301/);
    const text = renderNginx({ ...plain, tls });
    expect(text).toContain('listen 443 ssl http2;');
    expect(text).toContain('ssl_certificate "/etc/ssl/a b.pem";');
    expect(text).toContain('return 301 https://$host$request_uri;');
  });

  it('sends stored files only where there is a folder of them', () => {
    expect(renderNginx(plain)).not.toContain('/_nar/');
    for (const files of ['/srv/nars/nar', '/srv/nars/nar/']) {
      expect(renderNginx({ ...plain, files })).toMatch(
        /location \/_nar\/ \{\n\s+internal;\n\s+alias "\/srv\/nars\/nar\/";/,
      );
    }
  });

  it('leaves no brace open', () => {
    const text = renderNginx({ ...plain, tls, files: '/srv/nar' }).replace(/"[^"]*"|#.*/g, '');
    expect(text.split('{').length).toBe(text.split('}').length);
  });

  it.each([
    [{ upstream: 'unix:/run/proteus.sock' }, 'server unix:/run/proteus.sock;'],
    [{ upstream: '[::1]:3000' }, 'server [::1]:3000;'],
    [{ serverName: 'a.example.org *.b.example.org' }, 'server_name a.example.org *.b.example.org;'],
  ])('takes %j', (change, line) => {
    expect(renderNginx({ ...plain, ...change })).toContain(line);
  });

  it.each([
    [{ upstream: 'http://127.0.0.1:3000' }],
    [{ upstream: '127.0.0.1' }],
    [{ upstream: 'unix:/run/a;b' }],
    [{ serverName: 'a; return 200' }],
    [{ serverName: '' }],
    [{ files: 'relative' }],
    [{ files: '/srv/$nar' }],
    [{ files: '/srv/nar\n' }],
  ])('refuses what would be something else to nginx: %j', (change) => {
    expect(() => renderNginx({ ...plain, ...change })).toThrow(
      expect.objectContaining({ code: 'usage.invalid' }),
    );
  });
});
