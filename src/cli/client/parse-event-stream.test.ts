import { expect, it } from 'vitest';
import { parseEventStream, type StreamedEvent } from './parse-event-stream.ts';

async function parse(...chunks: readonly (string | Uint8Array)[]): Promise<readonly StreamedEvent[]> {
  const body = (async function* () {
    for (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
  })();
  return Array.fromAsync(parseEventStream(body));
}

it('reads id, type and data', async () => {
  expect(await parse('id: 7\nevent: lost\ndata: {"a":1}\n\n')).toEqual([
    { id: '7', type: 'lost', data: '{"a":1}' },
  ]);
});

it.each([['\n'], ['\r\n'], ['\r']])('takes %j as the end of a line', async (end) => {
  expect(await parse(`data: a${end}data: b${end}${end}data: c${end}${end}x`)).toEqual([
    { id: undefined, type: 'message', data: 'a\nb' },
    { id: undefined, type: 'message', data: 'c' },
  ]);
});

it('reads what comes in pieces, also in the middle of a letter or of a line end', async () => {
  const bytes = Buffer.from('data: Grüße\r\n\r\n');
  const pieces = [...bytes].map((byte) => Uint8Array.of(byte));

  expect(await parse(...pieces, 'data: y\n\n')).toEqual([
    { id: undefined, type: 'message', data: 'Grüße' },
    { id: undefined, type: 'message', data: 'y' },
  ]);
});

it('leaves out comments, unknown fields, and what is not finished', async () => {
  expect(await parse(': still here\n\nretry: 5\ndata\n\n: x\ndata: half')).toEqual([
    { id: undefined, type: 'message', data: '' },
  ]);
});
