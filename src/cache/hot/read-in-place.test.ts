import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { readInPlace } from './read-in-place.ts';

/** A connection that was accepted and is not read from yet, with its other end. */
async function accept() {
  const server = createServer({ pauseOnConnect: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1'); // a TCP server has no other kind
  const [accepted]: Socket[] = await once(server, 'connection');
  if (accepted === undefined) throw new TypeError('a connection without a socket');
  return {
    client,
    accepted,
    async [Symbol.asyncDispose]() {
      client.destroy();
      accepted.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('readInPlace', () => {
  it('gives all that comes, each time in the same memory, and answers', async () => {
    await using first = await accept();
    await using other = await accept();
    const memory = new Set<Buffer>();
    for (const { client, accepted } of [first, other]) {
      let text = '';
      const socket = readInPlace(accepted, (buffer, length) => {
        memory.add(buffer);
        text += buffer.toString('latin1', 0, length);
        return true;
      });
      socket?.on('close', () => accepted.destroy());
      client.write('one');
      await expect.poll(() => text).toBe('one');
      client.write('two');
      await expect.poll(() => text).toBe('onetwo');
      socket?.write('answer');
      expect(String(await once(client, 'data'))).toBe('answer');
    }

    expect(memory.size).toBe(1);
  });

  it.each([
    ['no handle', null],
    ['a handle that takes no buffer', { isStreamBase: true, readStart: () => 0 }],
    ['something else', 7],
  ])('leaves a socket with %s as it is, still to be read in the documented way', async (_, handle) => {
    await using ends = await accept();
    const { client, accepted } = ends;
    const its = accepted as Socket & { _handle: unknown }; // not in the types, since it is not documented
    const real = its._handle;
    its._handle = handle;
    expect(readInPlace(accepted, () => true)).toBeUndefined();
    expect(its._handle).toBe(handle);
    its._handle = real;
    client.write('one');
    accepted.resume();

    expect(String(await once(accepted, 'data'))).toBe('one');
  });
});
