/**
 * The server's log: one JSON object a line for machines, readable lines on a terminal. It is for who runs the server;
 * what happens to builds is told by the event stream. Secrets are taken out of every text, whatever field it is in.
 */

import type { Writable } from 'node:stream';
import { type Logger, pino, stdSerializers } from 'pino';
import { scrubSecrets } from '../util/scrub-secrets.ts';
import { renderLogLine } from './render-log-line.ts';

export type { Logger } from 'pino';

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Fields whose values are never written, at the top and one level down. */
const secretFields = ['password', 'passwordHash', 'token', 'secret', 'authorization', 'cookie', 'key'];

export interface LoggerOptions {
  readonly stream: Writable;
  /** True: lines for people. */
  readonly readable: boolean;
  readonly level?: LogLevel;
  readonly now?: () => number;
}

export function createLogger(options: LoggerOptions): Logger {
  const { stream, readable, now = Date.now } = options;
  return pino(
    {
      level: options.level ?? 'info',
      base: null,
      timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: stdSerializers.errWithCause },
      redact: { paths: secretFields.flatMap((name) => [name, `*.${name}`]), censor: '***' },
    },
    {
      write: (line: string) => {
        const clean = scrubSecrets(line);
        stream.write(readable ? renderLogLine(clean) : clean);
      },
    },
  );
}
