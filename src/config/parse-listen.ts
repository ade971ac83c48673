/** An address to listen on: `HOST:PORT`, with IPv6 addresses in brackets; no host means every address. */

import { AppError } from '../util/app-error.ts';

export interface ListenAddress {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

/** Throws `usage.invalid`. */
export function parseListen(text: string): ListenAddress {
  const match = /^(?:\[(?<six>[0-9a-fA-F:.]+)\]|(?<name>[^:[\]]*)):(?<port>\d{1,5})$/.exec(text);
  const port = Number(match?.groups?.port);
  if (match === null || port > 65_535) {
    throw new AppError(
      'usage.invalid',
      `--listen wants HOST:PORT, such as 127.0.0.1:5000 or [::1]:5000; got '${text}'`,
    );
  }
  return { host: match.groups?.six ?? (match.groups?.name || '0.0.0.0'), port };
}
