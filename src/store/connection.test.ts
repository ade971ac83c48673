import { describe, expect, it } from 'vitest';
import {
  greet,
  type ScriptedDaemon,
  scriptedDaemon,
  shakeHands,
  takeSetOptions,
  writeRefusal,
} from '../../test/store/scripted-daemon.ts';
import { AppError } from '../util/app-error.ts';
import { Connection } from './connection.ts';
import type { Request } from './request.ts';
import { stderrTag } from './stderr-loop.ts';
import type { WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

const question: Request<string> = {
  op: 99,
  what: 'asking',
  write: (encoder) => encoder.string('?'),
  read: (reader) => reader.string(),
};

/** A framed stream of `count` pieces of 20 kB. */
function upload(count: number, onPiece: () => void = () => {}): Request<string> {
  return {
    ...question,
    what: 'sending',
    frames: async (framed) => {
      for (let i = 0; i < count; i++) {
        onPiece();
        await framed.send(Buffer.alloc(20_000, i));
      }
    },
  };
}

const download: Request<AsyncIterable<Uint8Array>> = {
  op: 38,
  what: 'reading',
  write: () => {},
  read: async (reader) =>
    (async function* () {
      for (let left = 100; left > 0; ) {
        const chunk = await reader.chunk(Math.min(left, 10));
        left -= chunk.length;
        yield chunk;
      }
    })(),
};

async function takeQuestion(reader: WireReader): Promise<void> {
  expect([await reader.u64(), await reader.string()]).toEqual([99, '?']);
}

async function connect(
  script: (reader: WireReader, writer: WireWriter, hangUp: () => void) => Promise<void>,
  said = '',
): Promise<{ connection: Connection; daemon: ScriptedDaemon }> {
  const daemon = scriptedDaemon(async (reader, writer, hangUp) => {
    await greet(reader, writer);
    await script(reader, writer, hangUp);
  }, said);
  return { connection: await Connection.open(daemon, { name: 'there', settings: { cores: '3' } }), daemon };
}

/** Never ends: what a daemon does that is at work. */
const forEver = (): Promise<never> => new Promise(() => {});

describe('Connection', () => {
  it('asks and gets its answer, time after time', async () => {
    const { connection } = await connect(async (reader, writer) => {
      for (let i = 0; i < 3; i++) {
        await takeQuestion(reader);
        await writer.u64(stderrTag.next).string(`log ${i}`).u64(stderrTag.last).string(`answer ${i}`).flush();
      }
    });
    const texts: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      expect(await connection.call(question, { onLog: (log) => texts.push(log) })).toBe(`answer ${i}`);
    }
    expect(texts).toEqual([0, 1, 2].map((i) => ({ type: 'text', text: `log ${i}` })));
    expect(connection.greeting.nixVersion).toBe('2.99');
  });

  it('tells other options before a call that has some, and takes them back after it', async () => {
    const told: object[] = [];
    const { connection } = await connect(async (reader, writer) => {
      const answer = async (): Promise<void> => {
        await takeQuestion(reader);
        await writer.u64(stderrTag.last).string('').flush();
      };
      await answer();
      told.push(Object.fromEntries(await takeSetOptions(reader, writer)));
      await answer();
      await answer();
      told.push(Object.fromEntries(await takeSetOptions(reader, writer)));
      await answer();
    });
    await connection.call(question);
    await connection.call(question, { timeoutSeconds: 7, settings: { builders: '' } });
    await connection.call(question, { timeoutSeconds: 7, settings: { builders: '' } });
    await connection.call(question);
    expect(told).toEqual([{ builders: '', cores: '3', timeout: '7' }, { cores: '3' }]);
  });

  it('says nothing of how to build where the daemon shall do as it is configured', async () => {
    const daemon = scriptedDaemon(async (reader, writer) => {
      await shakeHands(reader, writer);
      await takeQuestion(reader);
      await writer.u64(stderrTag.last).string('yes').flush();
      await takeQuestion(reader);
      await writeRefusal(writer, 'no such thing').flush();
    });
    const options = { name: 'there', settings: { cores: '3' }, asConfigured: true };
    const connection = await Connection.open(daemon, options);
    expect(await connection.call(question, { timeoutSeconds: 7 })).toBe('yes');
    expect(await connection.ping()).toBe(true);
    await expect(connection.call(question)).rejects.toMatchObject({ code: 'store.refused' });
    // Whether it still listens cannot be asked.
    expect(await connection.ping()).toBe(false);
    expect(daemon.ended()).toBe('destroyed');
  });

  it('lives on after a refusal, once the daemon has shown that it listens', async () => {
    const { connection, daemon } = await connect(async (reader, writer) => {
      await takeQuestion(reader);
      await writeRefusal(writer, 'no such thing').flush();
      await takeSetOptions(reader, writer);
      await takeQuestion(reader);
      await writer.u64(stderrTag.last).string('yes').flush();
    });
    await expect(connection.call(question)).rejects.toMatchObject({
      code: 'store.refused',
      message: 'there, asking: no such thing',
    });
    expect(await connection.ping()).toBe(true);
    expect(await connection.call(question)).toBe('yes');
    expect(daemon.ended()).toBeUndefined();
  });

  it('finds out that the daemon hung up after a refusal', async () => {
    const { connection } = await connect(async (reader, writer) => {
      await takeQuestion(reader);
      await writeRefusal(writer, 'not a store path').flush();
    });
    await expect(connection.call(question)).rejects.toThrow('not a store path');
    expect(await connection.ping()).toBe(false);
    expect(connection.usable).toBe(false);
  });

  it('says which store was lost, when, and what was said beside the protocol', async () => {
    const { connection, daemon } = await connect(takeQuestion, 'ssh: connection reset\nby peer');
    await expect(connection.call(question)).rejects.toMatchObject({
      code: 'store.unreachable',
      message: 'there, asking: the connection was closed\nssh: connection reset\nby peer',
    });
    expect(daemon.ended()).toBe('destroyed');
    await expect(connection.call(question)).rejects.toMatchObject({ code: 'store.unreachable' });
  });

  it('is of no use after it got out of step', async () => {
    const { connection, daemon } = await connect(async (reader, writer) => {
      await takeQuestion(reader);
      await writer.u64(1234).flush();
      await forEver();
    });
    await expect(connection.call(question)).rejects.toMatchObject({
      code: 'store.protocol',
      message: expect.stringMatching(/^there, asking: the stream is out of step: 0x4d2/),
    });
    expect(connection.usable).toBe(false);
    expect(daemon.ended()).toBe('destroyed');
  });

  it('breaks off when the signal fires', async () => {
    const { connection, daemon } = await connect(async (reader) => {
      await takeQuestion(reader);
      await forEver();
    });
    const stop = new AbortController();
    const asking = connection.call(question, { signal: stop.signal });
    setImmediate(() => stop.abort());
    await expect(asking).rejects.toMatchObject({ code: 'interrupted' });
    expect(daemon.ended()).toBe('destroyed');
    expect(connection.usable).toBe(false);
  });

  it('does not even ask when the signal has fired before', async () => {
    const { connection, daemon } = await connect(forEver);
    await expect(connection.call(question, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'interrupted',
    });
    expect(connection.usable).toBe(true);
    expect(daemon.ended()).toBeUndefined();
  });

  it('leaves no connection behind when the greeting fails', async () => {
    const daemon = scriptedDaemon(async (reader, writer) => {
      await reader.bytes(16);
      await writer.raw(Buffer.from('Welcome to this machine')).flush();
      await forEver();
    });
    await expect(Connection.open(daemon, { name: 'there' })).rejects.toThrow('Welcome to this machine');
    expect(daemon.ended()).toBe('destroyed');
  });

  it('does not send an operation that the daemon does not know', async () => {
    const { connection } = await connect(async (reader, writer) => {
      await takeQuestion(reader);
      await writer.u64(stderrTag.last).string('still here').flush();
    });
    await expect(connection.call({ ...question, since: 39 })).rejects.toMatchObject({
      code: 'store.protocol',
      message: 'there, asking: needs version 1.39 of the worker protocol, its Nix speaks 1.38',
    });
    expect(await connection.call(question)).toBe('still here');
  });

  it('says goodbye when it is disposed while idle', async () => {
    const { connection, daemon } = await connect(forEver);
    await connection[Symbol.asyncDispose]();
    expect(daemon.ended()).toBe('closed');
  });
});

describe('Connection, framed streams', () => {
  it('sends all of it while the daemon talks', async () => {
    let received = 0;
    const { connection } = await connect(async (reader, writer) => {
      await takeQuestion(reader);
      for (let length = await reader.u64(); length > 0; length = await reader.u64()) {
        await reader.bytes(length);
        received += length;
        // Far more than fits into the pipe: it must be read while the sending goes on.
        await writer.u64(stderrTag.next).string('x'.repeat(20_000)).flush();
      }
      await writer.u64(stderrTag.last).string('done').flush();
    });
    let heard = 0;
    expect(await connection.call(upload(50), { onLog: () => (heard += 1) })).toBe('done');
    expect(received).toBe(50 * 20_000);
    expect(heard).toBe(50);
    expect(connection.usable).toBe(true);
  });

  it('stops at an early refusal, although the daemon reads no more', async () => {
    const { connection, daemon } = await connect(async (reader, writer) => {
      await takeQuestion(reader);
      await reader.u64();
      await writeRefusal(writer, 'lacks a valid signature').flush();
      await forEver();
    });
    let pieces = 0;
    await expect(connection.call(upload(1000, () => (pieces += 1)))).rejects.toMatchObject({
      code: 'store.refused',
      message: expect.stringContaining('lacks a valid signature'),
    });
    expect(pieces).toBeLessThan(1000);
    expect(connection.usable).toBe(false);
    expect(daemon.ended()).toBe('destroyed');
  });

  it.each([
    ['one stream', 1],
    ['several', 3],
  ])('tells why the daemon hung up rather than that it did: %s', async (_, count) => {
    const { connection } = await connect(async (reader, writer, hangUp) => {
      await takeQuestion(reader);
      hangUp();
      await new Promise((resolve) => setTimeout(resolve, 5));
      await writeRefusal(writer, 'disk full').flush();
    });
    const requests = Array.from({ length: count }, () => upload(1000));
    const sending =
      count === 1 ? connection.call(upload(1000)) : connection.pipeline(requests).then((all) => all.join());
    await expect(sending).rejects.toMatchObject({
      code: 'store.refused',
      message: expect.stringMatching(/^there, sending.*: disk full$/),
    });
    expect(connection.usable).toBe(false);
  });

  it('does not take an answer for all of it before all of it is sent', async () => {
    const { connection } = await connect(async (reader, writer) => {
      await takeQuestion(reader);
      await writer.u64(stderrTag.last).string('done').flush();
      await forEver();
    });
    await expect(connection.call(upload(1000))).rejects.toMatchObject({ code: 'store.protocol' });
    expect(connection.usable).toBe(false);
  });

  it('breaks off when what is to be sent cannot be read, and says that', async () => {
    const { connection, daemon } = await connect(async (reader) => {
      await takeQuestion(reader);
      await forEver();
    });
    const source = new AppError('store.unreachable', 'the source is gone');
    const sending = connection.call({
      ...question,
      frames: async (framed) => {
        await framed.send(Buffer.alloc(10));
        throw source;
      },
    });
    await expect(sending).rejects.toBe(source);
    expect(daemon.ended()).toBe('destroyed');
  });
});

describe('Connection, many at once', () => {
  it('pipelines more than the pipe holds, in both directions', async () => {
    const count = 3000;
    const { connection } = await connect(async (reader, writer) => {
      for (let i = 0; i < count; i++) {
        await takeQuestion(reader);
        await writer
          .u64(stderrTag.last)
          .string(`answer ${i} ${'x'.repeat(100)}`)
          .flush();
      }
    });
    const answers = await connection.pipeline(Array.from({ length: count }, () => question));
    expect(answers.length).toBe(count);
    expect(answers.at(-1)).toMatch(/^answer 2999 /);
    expect(await connection.pipeline([])).toEqual([]);
  });

  it('is of no use after one of them was refused, for the answers of the others still come', async () => {
    const { connection } = await connect(async (reader, writer) => {
      await takeQuestion(reader);
      await takeQuestion(reader);
      await writer.u64(stderrTag.last).string('first').flush();
      await writeRefusal(writer, 'not the second').flush();
      await forEver();
    });
    await expect(connection.pipeline([question, question, question])).rejects.toThrow(
      'there, asking and 2 more: not the second',
    );
    expect(connection.usable).toBe(false);
  });
});

describe('Connection, streamed results', () => {
  const script = async (reader: WireReader, writer: WireWriter): Promise<void> => {
    for (let i = 0; i < 2; i++) {
      await reader.u64();
      await writer.u64(stderrTag.last).raw(Buffer.alloc(100, i)).flush();
    }
    await forEver();
  };

  it('is usable again once they are read to their end', async () => {
    const { connection } = await connect(script);
    for (let i = 0; i < 2; i++) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of connection.stream(download)) chunks.push(chunk);
      expect(Buffer.concat(chunks)).toEqual(Buffer.alloc(100, i));
    }
    expect(connection.usable).toBe(true);
  });

  it('is broken when they are not', async () => {
    const { connection, daemon } = await connect(script);
    for await (const _chunk of connection.stream(download)) break;
    expect(connection.usable).toBe(false);
    expect(daemon.ended()).toBe('destroyed');
  });

  it('breaks off in the middle when the signal fires', async () => {
    const { connection } = await connect(async (reader, writer) => {
      await reader.u64();
      await writer.u64(stderrTag.last).raw(Buffer.alloc(50)).flush();
      await forEver();
    });
    const stop = new AbortController();
    const reading = (async () => {
      for await (const _chunk of connection.stream(download, { signal: stop.signal })) {
        setImmediate(() => stop.abort());
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'interrupted' });
    expect(connection.usable).toBe(false);
  });
});
