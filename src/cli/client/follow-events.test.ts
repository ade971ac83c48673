import { describe, expect, it } from 'vitest';
import { AppError } from '../../util/app-error.ts';
import { type Followed, followEvents } from './follow-events.ts';

type Connection = AppError | readonly (string | Error)[];

/** A server that answers each connection in turn, then not at all. */
function serverOf(connections: readonly Connection[]) {
  const controller = new AbortController();
  const asked: Readonly<Record<string, string>>[] = [];
  const client = {
    async open(_path: string, headers: Readonly<Record<string, string>> = {}) {
      const connection = connections[asked.length];
      asked.push(headers);
      if (connection instanceof AppError) throw connection;
      return (async function* () {
        for (const piece of connection ?? []) {
          if (piece instanceof Error) throw piece;
          yield Buffer.from(piece);
        }
        if (asked.length >= connections.length) controller.abort();
      })();
    },
  };
  const follow = (): AsyncGenerator<Followed> =>
    followEvents({ client, signal: controller.signal, retryMs: 1 });
  return { asked, follow };
}

const builder = { type: 'ci.builder.changed', builder: 'arm1', state: 'ready' } as const;
const told = (id: number): string => `id: ${id}\ndata: ${JSON.stringify(builder)}\n\n`;

describe('followEvents', () => {
  it('goes on after the last event when the connection breaks', async () => {
    const { asked, follow } = serverOf([
      [told(7), ': still here\n\n', new TypeError('terminated')],
      new AppError('server.unreachable', 'no server answers'),
      ['event: lost\ndata: {"lost":3}\n\n', told(11)],
    ]);

    expect(await Array.fromAsync(follow())).toEqual([
      { type: 'connected' },
      { type: 'event', event: builder },
      { type: 'disconnected', why: 'terminated' },
      { type: 'disconnected', why: 'no server answers' },
      { type: 'connected' },
      { type: 'lost', count: 3 },
      { type: 'event', event: builder },
    ]);
    expect(asked.map((headers) => headers['last-event-id'])).toEqual([undefined, '7', '7']);
  });

  it('leaves out events that it has no words for', async () => {
    const { follow } = serverOf([['data: {"type":"moon.rose"}\n\ndata: 5\n\n']]);

    expect(await Array.fromAsync(follow())).toEqual([{ type: 'connected' }]);
  });

  it.each([
    ['is not there at first', [new AppError('server.unreachable', 'no server answers')]],
    ['refuses us later', [[told(1)], new AppError('api.token-invalid', 'expired')]],
  ] as const)('gives up when the server %s', async (_, connections) => {
    const { follow } = serverOf(connections);

    await expect(Array.fromAsync(follow())).rejects.toBeInstanceOf(AppError);
  });
});
