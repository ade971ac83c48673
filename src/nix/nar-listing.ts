/**
 * The `.ls` file of a binary cache: the tree of a NAR as JSON, `{"version":1,"root":…}`, with the byte offset of every
 * file's contents in the uncompressed NAR. `executable` is only there when true. A name that is not UTF-8 keeps its byte
 * string, which JSON writes as an escaped lone surrogate. Source: libutil/nar-accessor.cc.
 */

import type { NarHandler, NarPath } from './nar-handler.ts';

export type NarListingNode =
  | {
      readonly type: 'regular';
      readonly size: number;
      readonly executable?: true;
      readonly narOffset: number;
    }
  | { readonly type: 'symlink'; readonly target: string }
  | { readonly type: 'directory'; readonly entries: Readonly<Record<string, NarListingNode>> };

export interface NarListing {
  readonly version: 1;
  readonly root: NarListingNode;
}

export interface NarListingBuilder {
  /** To be given to a `NarParser`, or called by whoever walks a tree. */
  readonly handler: Required<Pick<NarHandler, 'directoryStart' | 'directoryEnd' | 'regular' | 'symlink'>>;
  /** The listing, once the whole archive has been told. */
  listing(): NarListing;
}

/** Builds the listing of one NAR from the events of its parser. */
export function narListing(): NarListingBuilder {
  let root: NarListingNode | undefined;
  const open: Record<string, NarListingNode>[] = [];

  const put = (path: NarPath, node: NarListingNode): void => {
    const entries = open.at(-1);
    const name = path.at(-1);
    if (entries === undefined || name === undefined) root = node;
    else entries[name] = node;
  };

  return {
    handler: {
      directoryStart(path) {
        // Without a prototype, so that a file may be called `__proto__`.
        const entries: Record<string, NarListingNode> = Object.create(null);
        put(path, { type: 'directory', entries });
        open.push(entries);
      },
      directoryEnd() {
        open.pop();
      },
      regular(path, { size, executable, narOffset }) {
        put(path, { type: 'regular', size, ...(executable && { executable }), narOffset });
      },
      symlink(path, target) {
        put(path, { type: 'symlink', target });
      },
    },
    listing() {
      if (root === undefined || open.length > 0) throw new Error('the NAR has not been read to its end');
      return { version: 1, root };
    },
  };
}
