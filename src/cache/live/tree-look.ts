/**
 * The look of a tree: a digest of what the file system says about each file and directory in it, without reading any
 * content. Nobody can change content, or add, remove or replace a file or link, without changing it, since the kernel
 * sets the time of the change (ctime) and lets nobody choose it. So a tree that looks as it did when its NAR was
 * hashed and found right need not be hashed again.
 */

import { hash } from 'node:crypto';
import type { Stats } from 'node:fs';

export interface TreeLook {
  /** In the order of the NAR. */
  readonly see: (stat: Stats) => void;
  /** Of all that was seen so far. */
  readonly digest: () => string;
}

const perBatch = 4096;
/** Device, inode, size, mode and the two times of a file. */
const fields = 6;

export function createTreeLook(): TreeLook {
  const batch = new Float64Array(perBatch * fields);
  let at = 0;
  let digest = '';

  const close = (): void => {
    const bytes = Buffer.from(batch.buffer, 0, at * 8);
    digest = hash('sha256', Buffer.concat([Buffer.from(digest), bytes]), 'base64');
    at = 0;
  };
  return {
    see({ dev, ino, size, mode, ctimeMs, mtimeMs }) {
      batch.set([dev, ino, size, mode, ctimeMs, mtimeMs], at);
      at += fields;
      if (at === batch.length) close();
    },
    digest() {
      if (at > 0) close();
      return digest;
    },
  };
}
