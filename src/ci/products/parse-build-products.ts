/**
 * `nix-support/hydra-build-products`: one product a line, `TYPE SUBTYPE PATH [DEFAULTPATH]`, the path in double quotes
 * when it has spaces. A line of any other form says nothing; Hydra looks for the form anywhere in a line, here it has
 * to be all of it. Format: Hydra's manual, "Build products".
 */

export interface DeclaredProduct {
  readonly type: string;
  readonly subtype: string;
  /** As written, without quotes: whether it lies in the store is not known yet. */
  readonly path: string;
  /** Within the product, `''` when none is said. */
  readonly defaultPath: string;
}

const line =
  /^\s*(?<type>[\w-]+)\s+(?<subtype>[\w-]+)\s+(?:"(?<quoted>[^"]+)"|(?<path>[^"\s<>]+))(?:\s+(?<defaultPath>[^"\s<>]+))?\s*$/;

export function parseBuildProducts(text: string): readonly DeclaredProduct[] {
  return text.split('\n').flatMap((written) => {
    const { type, subtype, quoted, path = quoted, defaultPath = '' } = line.exec(written)?.groups ?? {};
    if (type === undefined || subtype === undefined || path === undefined) return [];
    // It becomes part of a URL under the product.
    if (defaultPath.split('/').includes('..')) return [];
    return [{ type, subtype, path, defaultPath }];
  });
}
