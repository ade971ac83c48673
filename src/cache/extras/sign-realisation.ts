/**
 * The two forms in which caches tell what an output of a content-addressed derivation became, each signed over the text
 * that Nix signs: compact JSON with sorted keys, without the signatures. Source: libstore/realisation.cc of both.
 */

import { parseKeyText, signatureSize } from '../../nix/key-text.ts';
import type { SecretKey } from '../../nix/signing-key.ts';
import { storePathBaseName } from '../../nix/store-path.ts';
import type { Realisation } from '../../store/read-realisation.ts';

/** `/realisations/<id>.doi`, for Nix 2.4 to 2.34. `id`: `sha256:<base 16>!<output>`. */
export function realisationFile(id: string, found: Realisation, keys: readonly SecretKey[]): string {
  const dependencies = [...found.dependencies]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([dependency, path]) => [dependency, storePathBaseName(path)] as const);
  const signed = {
    dependentRealisations: Object.fromEntries(dependencies),
    id,
    outPath: storePathBaseName(found.path),
  };
  const signatures = allSignatures(found, keys, JSON.stringify(signed));
  return JSON.stringify({ ...signed, signatures });
}

/** `/build-trace-v2/<drvName>/<output>.doi`, for Nix from 2.35. */
export function buildTraceFile(
  drvName: string,
  outputName: string,
  found: Realisation,
  keys: readonly SecretKey[],
): string {
  const outPath = storePathBaseName(found.path);
  const signed = JSON.stringify({ key: { drvPath: drvName, outputName }, value: { outPath } });
  const signatures = allSignatures(found, keys, signed).map((text) => {
    const colon = text.indexOf(':');
    return { keyName: text.slice(0, colon), sig: text.slice(colon + 1) };
  });
  return JSON.stringify({ outPath, signatures });
}

/** Those it came with, but for any in the name of a key of ours, and ours. */
function allSignatures(found: Realisation, keys: readonly SecretKey[], message: string): readonly string[] {
  const own = new Set(keys.map(({ name }) => name));
  const foreign = found.signatures.filter((text) => {
    const { name, problem } = parseKeyText(text, signatureSize);
    return problem === undefined && !own.has(name);
  });
  return [...foreign, ...keys.map((key) => key.sign(message))];
}
