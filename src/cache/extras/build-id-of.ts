/**
 * The build ID of the program that a file has the debug information of: it lies at
 * `lib/debug/.build-id/<2 digits>/<38 digits>.debug`. `names`: from the store path down. Undefined for all other files.
 */
export function buildIdOf(names: readonly string[]): string | undefined {
  const [lib, debug, folder, start = '', name = '', ...more] = names;
  if (lib !== 'lib' || debug !== 'debug' || folder !== '.build-id' || more.length > 0) return undefined;
  const rest = /^([0-9a-f]{38})\.debug$/.exec(name)?.[1];
  return rest === undefined || !/^[0-9a-f]{2}$/.test(start) ? undefined : start + rest;
}
