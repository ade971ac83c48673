/** The lines of a stream of bytes. Only `\n` ends a line: JSON may hold the other characters that end lines elsewhere. */
export async function* readLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  for await (const chunk of stream) {
    const [first = '', ...more] = decoder.decode(chunk, { stream: true }).split('\n');
    parts.push(first);
    if (more.length === 0) continue;
    yield parts.join('');
    parts = [more.pop() ?? ''];
    yield* more;
  }
  const rest = parts.join('') + decoder.decode();
  if (rest !== '') yield rest;
}
