/** nginx with one worker, serving a folder as static files: the measure. */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProcess } from '../../src/process/start-process.ts';

export interface Nginx extends AsyncDisposable {
  readonly url: string;
  /** The process that answers. */
  readonly pid: number;
}

/** It answers nothing any more when it keeps more files open than it may. */
const mostOpenFiles = 15_000;

/**
 * `files`: how many there are. It keeps all of them open, or none: keeping some in turn is the slowest of all.
 * `site`: what else it serves.
 */
export async function startNginx(
  folder: string,
  root: string,
  port: number,
  files: number,
  site = '',
): Promise<Nginx> {
  await mkdir(path.join(folder, 'logs'), { recursive: true });
  const config = path.join(folder, 'nginx.conf');
  await writeFile(
    config,
    `worker_processes 1; daemon off; user root; pid ${folder}/nginx.pid; error_log stderr warn;
events { worker_connections 4096; }
http {
  access_log off; log_not_found off; sendfile on; tcp_nopush on; keepalive_requests 100000000;
  open_file_cache ${files > mostOpenFiles ? 'off' : `max=${mostOpenFiles} inactive=600s`}; open_file_cache_valid 600s;
  client_body_temp_path ${folder}/logs; proxy_temp_path ${folder}/logs; fastcgi_temp_path ${folder}/logs;
  uwsgi_temp_path ${folder}/logs; scgi_temp_path ${folder}/logs;
  types { text/x-nix-narinfo narinfo; }
  server { listen 127.0.0.1:${port}; root ${root}; }
${site}}
`,
  );
  const child = await startProcess(['nginx', '-c', config, '-p', folder]);
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; ; tries++) {
    const answers = await fetch(url).then(
      () => true,
      () => false,
    );
    if (answers) break;
    if (tries > 50) throw new Error('nginx does not answer');
    await sleep(100);
  }
  const { pid } = child;
  const worker = Number((await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim());
  return { url, pid: worker, [Symbol.asyncDispose]: () => child.kill() };
}
