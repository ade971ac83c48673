/** The relative imports of every source file, read with a real parser: what the architecture test looks at. */

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseSync } from 'oxc-parser';

export interface SourceFile {
  /** Relative to the folder that was read, with forward slashes. */
  readonly file: string;
  readonly lines: number;
  readonly hasDefaultExport: boolean;
  /** Files it imports or re-exports from, statically, dynamically or as types; relative like `file`. */
  readonly imports: readonly string[];
}

/** Reads all TypeScript files below `root`. */
export function readSourceFiles(root: string): readonly SourceFile[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file))
    .sort()
    .map((file) => readSourceFile(root, file));
}

function readSourceFile(root: string, file: string): SourceFile {
  const text = readFileSync(path.join(root, file), 'utf8');
  const { module: found, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file} does not parse: ${errors[0]?.message}`);
  const exports = found.staticExports.flatMap((statement) => statement.entries);
  const specifiers = [
    ...found.staticImports.map((statement) => statement.moduleRequest.value),
    ...exports.flatMap((entry) => (entry.moduleRequest === null ? [] : [entry.moduleRequest.value])),
    ...found.dynamicImports.map(({ moduleRequest }) =>
      text.slice(moduleRequest.start, moduleRequest.end).replace(/^['"`]|['"`]$/g, ''),
    ),
  ];
  return {
    file,
    lines: text.split('\n').length - 1,
    hasDefaultExport: exports.some((entry) => entry.exportName.kind === 'Default'),
    imports: specifiers
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => path.posix.join(path.posix.dirname(file), specifier)),
  };
}
