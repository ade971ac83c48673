/**
 * The real nginx with a configuration that is complete in itself, with what it would write into the machine's folders in
 * memory; and a certificate for it by an authority that is thrown away.
 */

import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runProcess } from '../../src/process/run-process.ts';
import { startProcess } from '../../src/process/start-process.ts';

/** Starts it and waits until it listens on the port. Throws with what it said when it does not. */
export async function startNginx(
  folder: string,
  configuration: string,
  port: number,
): Promise<AsyncDisposable> {
  const file = path.join(folder, 'nginx.conf');
  await writeFile(file, configuration);
  const child = await startProcess([
    ...(['unshare', '--mount', '--propagation', 'private', 'sh', '-c'] as const),
    'for dir in /run /var/log/nginx /var/lib/nginx; do mount -t tmpfs tmpfs $dir; done; exec nginx -c "$0" -g "daemon off;"',
    file,
  ]);
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += String(chunk);
  });
  let ended = false;
  void child.exited.then(() => {
    ended = true;
  });
  for (let tries = 0; !(await listens(port)); tries++) {
    if (ended || tries > 100) throw new Error(`nginx does not listen on port ${port}:\n${said}`);
    await sleep(50);
  }
  return { [Symbol.asyncDispose]: () => child.kill() };
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

export interface Certificate {
  /** The authority, for clients. */
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** Files in `folder` for a server at that IP address. */
export async function makeCertificate(folder: string, address: string): Promise<Certificate> {
  const at = (name: string): string => path.join(folder, name);
  const files = { ca: at('ca.pem'), certificate: at('server.pem'), key: at('server.key') };
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'] as const;
  const openssl = (...args: readonly string[]) => runProcess(['openssl', ...args]);
  await openssl(
    'req',
    '-x509',
    ...curve,
    '-keyout',
    at('ca.key'),
    '-out',
    files.ca,
    '-days',
    '2',
    '-subj',
    '/CN=lab',
  );
  await openssl('req', ...curve, '-keyout', files.key, '-out', at('server.csr'), '-subj', '/CN=cache');
  await writeFile(at('san'), `subjectAltName=IP:${address}\n`);
  await openssl(
    ...['x509', '-req', '-in', at('server.csr'), '-CA', files.ca, '-CAkey', at('ca.key'), '-CAcreateserial'],
    ...['-out', files.certificate, '-days', '2', '-extfile', at('san')],
  );
  return files;
}
