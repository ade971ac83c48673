/** Git repositories over HTTP, as a forge has them: git's own http-backend behind a user and a password. */

import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface GitServer extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** `USER:PASSWORD` of every request that had one. */
  readonly credentials: readonly string[];
}

/** Serves the repositories in a folder, by their names; without `login` (`USER:PASSWORD`) to everybody. */
export async function startGitServer(folder: string, login?: string): Promise<GitServer> {
  const credentials: string[] = [];
  const server = createServer((request, response) => {
    // What never comes to an end.
    if (request.url?.startsWith('/hang')) return;
    if (request.url?.startsWith('/flood')) {
      flood(response);
      return;
    }
    const given = /^Basic (.*)$/.exec(request.headers.authorization ?? '')?.[1];
    if (given !== undefined) credentials.push(Buffer.from(given, 'base64').toString());
    if (login !== undefined && (given === undefined || credentials.at(-1) !== login)) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    httpBackend(folder, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function httpBackend(folder: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://x');
  const child = spawn('git', ['-c', 'safe.directory=*', 'http-backend'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    },
  });
  request.pipe(child.stdin);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stdout.on('end', () => {
    const answer = Buffer.concat(chunks);
    const end = answer.indexOf('\r\n\r\n');
    const headers = answer.subarray(0, end).toString().split('\r\n');
    const fields = headers.map((line): [string, string] => {
      const at = line.indexOf(':');
      return [line.slice(0, at), line.slice(at + 1).trim()];
    });
    const status = fields.find(([name]) => name === 'Status')?.[1];
    response.writeHead(status === undefined ? 200 : Number.parseInt(status, 10), Object.fromEntries(fields));
    response.end(answer.subarray(end + 4));
  });
}

/** A list of refs that is never complete. */
function flood(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' });
  response.write('001e# service=git-upload-pack\n0000');
  const more = (): void => {
    const line = `${'a'.repeat(40)} refs/heads/${'x'.repeat(100)}\n`;
    const chunk = `${(line.length + 4).toString(16).padStart(4, '0')}${line}`.repeat(200);
    while (!response.destroyed && response.write(chunk)) {}
  };
  response.on('drain', more);
  more();
}
