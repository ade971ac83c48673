/** Writes a tree that is in memory as a NAR (grammar in `nar-tokens.ts`). */

import { AppError } from '../util/app-error.ts';
import { encodeByteString } from './byte-string.ts';
import { narNameProblem, narTargetProblem } from './nar-names.ts';
import {
  directoryStart,
  entryStart,
  narMagic,
  nodeEnd,
  padding,
  regularStart,
  symlinkNode,
} from './nar-tokens.ts';

/** A file-system object. Names and targets are byte strings; entries may be in any order. */
export type NarTree =
  | { readonly type: 'regular'; readonly contents: Uint8Array; readonly executable?: boolean | undefined }
  | { readonly type: 'symlink'; readonly target: string }
  | { readonly type: 'directory'; readonly entries: ReadonlyMap<string, NarTree> };

/**
 * The NAR in pieces; file contents are passed on as they are, not copied. Throws `nix.nar-invalid` for a name or target
 * that no NAR may hold.
 */
export function* encodeNar(tree: NarTree): Generator<Uint8Array, void, undefined> {
  yield narMagic;
  yield* encodeNode(tree);
}

function* encodeNode(tree: NarTree): Generator<Uint8Array, void, undefined> {
  switch (tree.type) {
    case 'regular': {
      const size = tree.contents.length;
      yield regularStart(size, tree.executable ?? false);
      if (size > 0) yield tree.contents;
      yield Buffer.concat([Buffer.alloc(padding(size)), nodeEnd]);
      return;
    }
    case 'symlink':
      check(narTargetProblem(encodeByteString(tree.target)), tree.target);
      yield symlinkNode(tree.target);
      return;
    case 'directory': {
      yield directoryStart;
      // By their bytes: the order of JS strings differs from it beyond U+FFFF.
      const entries = Array.from(tree.entries, ([name, node]) => ({ name: encodeByteString(name), node }));
      entries.sort((a, b) => Buffer.compare(a.name, b.name));
      for (const { name, node } of entries) {
        check(narNameProblem(name), name.toString());
        yield entryStart(name);
        yield* encodeNode(node);
        yield nodeEnd;
      }
      yield nodeEnd;
    }
  }
}

function check(problem: string | undefined, text: string): void {
  if (problem === undefined) return;
  throw new AppError(
    'nix.nar-invalid',
    `cannot write a NAR: ${problem}: ${JSON.stringify(text.slice(0, 300))}`,
  );
}
