/**
 * Server-sent events as they come over the wire (HTML standard, "Server-sent events"): fields one a line, an empty line
 * ends an event. What is left unfinished at the end is no event.
 */

export interface StreamedEvent {
  readonly id: string | undefined;
  /** `message` when the stream does not say. */
  readonly type: string;
  readonly data: string;
}

/** The events of a body, as they arrive. */
export async function* parseEventStream(body: AsyncIterable<Uint8Array>): AsyncGenerator<StreamedEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  let event = { id: undefined as string | undefined, type: 'message', data: [] as string[] };
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    // A carriage return at the very end may be the first half of a line end.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (event.data.length > 0) yield { ...event, data: event.data.join('\n') };
        event = { id: undefined, type: 'message', data: [] };
        continue;
      }
      const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
      if (field === 'data') event.data.push(value);
      else if (field === 'event') event.type = value;
      else if (field === 'id') event.id = value;
    }
  }
}
