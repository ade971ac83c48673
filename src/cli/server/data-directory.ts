/** What lies where in the data directory of a server. */

import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';

export interface DataDirectory {
  readonly root: string;
  /** The SQLite database, unless the configuration names another. */
  readonly database: string;
  readonly logs: string;
  /** Clones of inputs. */
  readonly inputs: string;
  /** Files with NARs. */
  readonly nars: string;
  /** Files that are on their way to S3. */
  readonly staging: string;
  /** The signing key that the first start makes. */
  readonly signingKey: string;
  /** An administrator's token, for commands of the same user on the same machine. */
  readonly adminToken: string;
  /** Says where the running server listens. */
  readonly serverFile: string;
}

export function dataDirectory(root: string): DataDirectory {
  return {
    root,
    database: path.join(root, 'proteus.db'),
    logs: path.join(root, 'logs'),
    inputs: path.join(root, 'inputs'),
    nars: path.join(root, 'nars'),
    staging: path.join(root, 'nars-on-their-way'),
    signingKey: path.join(root, 'keys/cache.secret'),
    adminToken: path.join(root, 'admin-token'),
    serverFile: path.join(root, 'server.json'),
  };
}

/** Makes it, for its owner alone, where it is not there. Throws `server.data-directory`. */
export async function makeDataDirectory(root: string): Promise<DataDirectory> {
  try {
    await mkdir(root, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new AppError(
      'server.data-directory',
      `cannot make the data directory ${root}: ${errorMessage(cause)}`,
      { cause },
    );
  }
  return dataDirectory(root);
}
