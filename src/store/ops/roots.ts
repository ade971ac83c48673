/** Keeping paths from the garbage collector. */

import type { StorePath } from '../../nix/store-path.ts';
import { AppError } from '../../util/app-error.ts';
import { type Request, readDone } from '../request.ts';

/** Holds until the connection closes; also of a path that is not there yet. */
export function addTempRoot(path: StorePath): Request<void> {
  return {
    op: 11,
    what: `protecting ${path}`,
    write: (encoder) => encoder.string(path),
    read: readDone,
  };
}

/** Makes what the symlink points to a root for as long as the link is there. */
export function addIndirectRoot(link: string): Request<void> {
  return {
    op: 12,
    what: `making ${link} a root`,
    write: (encoder) => encoder.string(absolute(link)),
    read: readDone,
  };
}

/** Makes the symlink too; answers where it is. */
export function addPermRoot(path: StorePath, link: string): Request<string> {
  return {
    op: 47,
    since: 36,
    what: `making ${link} a root of ${path}`,
    write: (encoder) => encoder.string(path).string(absolute(link)),
    read: (reader) => reader.string(),
  };
}

/** A daemon takes a relative path for one of its own folder. */
function absolute(link: string): string {
  if (link.startsWith('/')) return link;
  throw new AppError('usage.invalid', `a root must be an absolute path, got ${JSON.stringify(link)}`);
}
