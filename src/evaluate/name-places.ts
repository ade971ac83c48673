/** Says where an error is in the words of who wrote the code: `INPUT/path/in/repository` for a place in a store path. */

import type { EvaluationError } from '../events/event.ts';

/**
 * `sources` has the name of what each store path was made of, or of what newer versions call a source instead
 * (`«git+https://…»`); `''` for paths that are to begin in the repository.
 */
export function namePlaces(error: EvaluationError, sources: ReadonlyMap<string, string>): EvaluationError {
  const { message, position, trace } = error;
  const named = { message: nameIn(message, sources), trace: nameIn(trace, sources) };
  return position === undefined
    ? named
    : { ...named, position: { ...position, file: nameIn(position.file, sources) } };
}

function nameIn(text: string, sources: ReadonlyMap<string, string>): string {
  let named = text;
  for (const [path, name] of sources) {
    named = named.replaceAll(`${path}/`, name === '' ? '' : `${name}/`);
    // An input that is a file; nothing whose name goes on.
    if (name !== '') named = named.replaceAll(new RegExp(`${RegExp.escape(path)}(?![\\w.?=+-])`, 'g'), name);
  }
  return named;
}
