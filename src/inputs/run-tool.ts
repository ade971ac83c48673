/**
 * Running a version-control program for an input: a clean environment, output that is bounded however much the other
 * side sends, and no password in what is told of it.
 */

import { type Argv, isOnPath, startProcess } from '../process/start-process.ts';
import { AppError } from '../util/app-error.ts';
import { printable } from '../util/printable.ts';
import type { InputDeps } from './input.ts';

/** What such programs find their configuration and credentials by. The rest of our environment is none of theirs. */
const passedOn = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'TMPDIR',
  'XDG_CONFIG_HOME',
  'XDG_RUNTIME_DIR',
  'SSH_AUTH_SOCK',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'CURL_CA_BUNDLE',
  'NIX_SSL_CERT_FILE',
  'KRB5CCNAME',
  'http_proxy',
  'https_proxy',
  'all_proxy',
  'no_proxy',
  'HTTPS_PROXY',
  'ALL_PROXY',
  'NO_PROXY',
];

/**
 * Starts the program beside a watcher in the same process group, which kills the group when its standard input comes to
 * an end: that is when we are gone, however that came. These programs start others (git-remote-https, ssh), which would
 * go on waiting for a server that never answers.
 */
const watched = [
  'sh',
  '-c',
  'exec 3<&0; { cat; kill -KILL 0; } <&3 >/dev/null 2>&1 & exec "$@" </dev/null 3<&-',
  'watched',
] as const;

const stdoutLimit = 32 * 2 ** 20;
const stderrKept = 16 * 1024;

export interface ToolOptions {
  readonly env: InputDeps['env'];
  /** Variables of the environment to pass on besides the usual ones. */
  readonly alsoPass?: readonly string[];
  /** Added to the environment. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
}

export interface ToolResult {
  readonly ok: boolean;
  readonly stdout: string;
  /** The last lines of standard error, fit to be shown. */
  readonly complaint: string;
}

/** Runs a program to its end, however it ends. Throws `interrupted`, `process.missing`, `input.fetch` for a flood. */
export async function runTool(argv: Argv, options: ToolOptions): Promise<ToolResult> {
  const { env, alsoPass = [], variables, signal } = options;
  const passed = Object.fromEntries([...passedOn, ...alsoPass].map((name) => [name, env[name]]));
  if (!isOnPath(argv[0], env.PATH)) {
    throw new AppError('process.missing', `the program ${argv[0]} is not installed, or not on PATH`);
  }
  await using child = await startProcess([...watched, ...argv], {
    // Ours may be anything, or be gone; all paths are absolute.
    cwd: '/',
    // English, so that messages can be understood.
    env: { ...passed, LC_ALL: 'C', ...variables },
    signal,
  });
  const [stdout, stderr, exit] = await Promise.all([all(child.stdout), tail(child.stderr), child.exited]);
  if (signal?.aborted) throw new AppError('interrupted', `interrupted: ${argv[0]}`);
  if (stdout === undefined) {
    throw new AppError('input.fetch', `${argv[0]} printed more than ${stdoutLimit} bytes`);
  }
  const complaint = presentable(stderr);
  return {
    ok: exit.code === 0,
    stdout,
    complaint:
      complaint === '' ? `${argv[0]} ended with ${exit.signal ?? `exit code ${exit.code}`}` : complaint,
  };

  async function all(stream: AsyncIterable<Buffer>): Promise<string | undefined> {
    const chunks: Buffer[] = [];
    let size = 0;
    await drain(stream, (chunk) => {
      size += chunk.length;
      if (size > stdoutLimit) void child.kill();
      else chunks.push(chunk);
    });
    return size > stdoutLimit ? undefined : Buffer.concat(chunks).toString('utf8');
  }
}

async function tail(stream: AsyncIterable<Buffer>): Promise<string> {
  let kept = Buffer.alloc(0);
  await drain(stream, (chunk) => {
    kept = Buffer.concat([kept, chunk]).subarray(-stderrKept);
  });
  return kept.toString('utf8');
}

async function drain(stream: AsyncIterable<Buffer>, take: (chunk: Buffer) => void): Promise<void> {
  try {
    for await (const chunk of stream) take(chunk);
  } catch {
    // A killed program's pipe can break while it is read; its exit says what happened.
  }
}

/** The last ten lines, without control characters and without what a configured address has before its `@`. */
function presentable(text: string): string {
  const lines = text.split(/[\r\n]+/).map((line) => printable(line));
  return lines
    .filter((line) => line !== '')
    .slice(-10)
    .join('\n')
    .replaceAll(/:\/\/[^/@\s]+@/g, '://');
}
