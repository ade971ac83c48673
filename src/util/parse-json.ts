/** What somebody sent as JSON; undefined when it is none. What it holds is for a schema to say. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
