/**
 * A complete configuration of nginx in front of a cache. What each part is for is said in the configuration itself, for
 * whoever keeps it. It holds for nginx from 1.18 on. Pure.
 */

import { AppError } from '../../util/app-error.ts';

export interface NginxSettings {
  /** What clients call it; `_` for any name. */
  readonly serverName: string;
  /** Files of the certificate with its chain, and of its key; without them it speaks plain HTTP. */
  readonly tls: { readonly certificate: string; readonly key: string } | undefined;
  /** `HOST:PORT`, or `unix:/path`. */
  readonly upstream: string;
  /** Folder of the stored NARs, which nginx then sends itself when the cache tells it to. */
  readonly files: string | undefined;
  /** Only what goes inside of `http { … }`, as for a file in conf.d. */
  readonly site: boolean;
}

/** Throws `usage.invalid` for what cannot stand in a configuration of nginx. */
export function renderNginx(settings: NginxSettings): string {
  const site = [
    ...upstream(settings),
    ...(settings.tls === undefined ? [] : redirect(settings)),
    ...server(settings),
  ];
  if (settings.site) return text(site);
  return text([
    'worker_processes auto;',
    'events {',
    '  worker_connections 8192;',
    '}',
    'http {',
    ...site.map((line) => (line === '' ? '' : `  ${line}`)),
    '}',
  ]);
}

function text(lines: readonly string[]): string {
  return `# A binary cache behind nginx, as \`proteus cache nginx\` prints it.\n${lines.join('\n')}\n`;
}

function upstream(settings: NginxSettings): readonly string[] {
  return [
    '# Connections to the cache are kept, for a shorter time than the cache keeps them.',
    'upstream proteus_cache {',
    `  server ${word(settings.upstream, 'the upstream', /^(?:unix:\/[^\s]+|[0-9A-Za-z._-]+:[0-9]+|\[[0-9A-Fa-f:.]+\]:[0-9]+)$/)};`,
    '  keepalive 64;',
    '  keepalive_timeout 60s;',
    '}',
    '',
  ];
}

function redirect(settings: NginxSettings): readonly string[] {
  return [
    'server {',
    '  listen 80;',
    '  listen [::]:80;',
    `  server_name ${serverName(settings)};`,
    '  return 301 https://$host$request_uri;',
    '}',
    '',
  ];
}

function server(settings: NginxSettings): readonly string[] {
  const { tls } = settings;
  const listen =
    tls === undefined
      ? ['  listen 80;', '  listen [::]:80;']
      : [
          // Newer versions have a directive of its own for it, and still take this.
          '  listen 443 ssl http2;',
          '  listen [::]:443 ssl http2;',
          `  ssl_certificate ${file(tls.certificate)};`,
          `  ssl_certificate_key ${file(tls.key)};`,
          '  ssl_protocols TLSv1.2 TLSv1.3;',
          '  ssl_session_cache shared:proteus_cache:10m;',
          '  ssl_session_timeout 1d;',
        ];
  return [
    'server {',
    ...listen,
    `  server_name ${serverName(settings)};`,
    '',
    '  # A client asks for thousands of paths over one connection.',
    '  keepalive_timeout 75s;',
    '  keepalive_requests 1000000;',
    '  # NARs are compressed already, or not to be.',
    '  gzip off;',
    '',
    '  proxy_http_version 1.1;',
    '  proxy_set_header Connection "";',
    '  proxy_set_header Host $http_host;',
    '  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
    '  proxy_set_header X-Forwarded-Proto $scheme;',
    '  # NARs that are made while they are sent go through as they come: a slow client slows their source.',
    '  proxy_buffering off;',
    '  proxy_buffer_size 64k;',
    '  proxy_buffers 8 64k;',
    '  # So do uploads, which may be of any size.',
    '  client_max_body_size 0;',
    '  proxy_request_buffering off;',
    '  # A NAR may take hours over a slow line; only silence ends it.',
    '  proxy_connect_timeout 10s;',
    '  proxy_read_timeout 1h;',
    '  proxy_send_timeout 1h;',
    '  client_body_timeout 1h;',
    '  send_timeout 10m;',
    '',
    '  location / {',
    '    proxy_pass http://proteus_cache;',
    '  }',
    '',
    '  # Clients before Nix 2.32 give a whole build up over an error here, even where another cache has the path.',
    '  # While the cache is away they are told that it has nothing.',
    '  location ~ "/[0-9a-z]{32}\\.narinfo$" {',
    '    proxy_pass http://proteus_cache;',
    '    proxy_connect_timeout 2s;',
    '    proxy_intercept_errors on;',
    '    error_page 500 502 503 504 =404 /_miss;',
    '  }',
    '  location = /_miss {',
    '    internal;',
    '    add_header Cache-Control no-store always;',
    '    return 404 "404 not found\\n";',
    '  }',
    ...stored(settings.files),
    '}',
  ];
}

function stored(files: string | undefined): readonly string[] {
  if (files === undefined) return [];
  return [
    '',
    '  # Stored NARs: the cache says which file (X-Accel-Redirect), nginx sends it. Nobody can ask for one directly.',
    '  # In the configuration of the server: x-accel = "/_nar/" in [nars].',
    '  # The user that nginx runs as must be able to read the folder, and nothing else of the cache.',
    '  location /_nar/ {',
    '    internal;',
    `    alias ${file(files.replace(/\/*$/, '/'))};`,
    '    sendfile on;',
    '    tcp_nopush on;',
    '    max_ranges 1;',
    '  }',
  ];
}

function serverName(settings: NginxSettings): string {
  return settings.serverName
    .split(' ')
    .map((name) => word(name, 'a server name', /^(?:_|[0-9A-Za-z*._-]+)$/))
    .join(' ');
}

function word(value: string, what: string, form: RegExp): string {
  if (form.test(value) && !/[;{}$"'\\]/.test(value)) return value;
  throw new AppError('usage.invalid', `${what} of nginx cannot be ${JSON.stringify(value)}`);
}

/** A quoted path; nginx would take a `$` for a variable, and has no way to write one. */
function file(name: string): string {
  if (name.startsWith('/') && !/[\p{Cc}$]/u.test(name)) return `"${name.replace(/["\\]/g, '\\$&')}"`;
  throw new AppError(
    'usage.invalid',
    `wanted an absolute path without $ for nginx, got ${JSON.stringify(name)}`,
  );
}
