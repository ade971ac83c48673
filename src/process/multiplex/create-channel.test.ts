import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { createChannel } from './create-channel.ts';
import { message, sshString, uint32 } from './frames.ts';

const names = new Map<number, string>(Object.entries(message).map(([name, number]) => [number, name]));
const join = (...parts: readonly Uint8Array[]): Buffer => Buffer.concat(parts);

/** A channel whose other side is the test. */
function world({ room = 1_000_000, packet = 32 * 1024 } = {}) {
  const sent: { readonly type: string; readonly content: Buffer }[] = [];
  let isFull = false;
  let onDrain = (): void => {};
  let isOver = false;
  const channel = createChannel(
    {
      send(number, there, ...parts) {
        expect(there).toBe(77);
        sent.push({ type: names.get(number) ?? '', content: join(...parts) });
        return !isFull;
      },
      drained: (listener) => {
        onDrain = listener;
      },
    },
    'cat file',
    () => {
      isOver = true;
    },
  );
  return {
    channel,
    sent,
    types: () => sent.map(({ type }) => type),
    isOver: () => isOver,
    open: () => channel.receive(message.openConfirmation, join(uint32(77), uint32(room), uint32(packet))),
    full: (value: boolean) => {
      isFull = value;
      if (!value) onDrain();
    },
  };
}

describe('createChannel', () => {
  it('asks for the command, and is over when both sides have closed', async () => {
    const { channel, open, sent, types, isOver } = world();
    open();
    expect(await channel.opened).toBeUndefined();
    expect(sent[0]?.content).toEqual(join(sshString('exec'), Buffer.of(1), sshString('cat file')));

    channel.receive(message.success, Buffer.alloc(0));
    channel.receive(message.data, Buffer.from(sshString('out')));
    channel.receive(message.extendedData, join(uint32(1), sshString('err')));
    channel.receive(message.request, join(sshString('exit-status'), Buffer.of(0), uint32(3)));
    channel.receive(message.eof, Buffer.alloc(0));
    expect(isOver()).toBe(false);
    channel.receive(message.close, Buffer.alloc(0));

    expect(isOver()).toBe(true);
    expect(types()).toEqual(['request', 'close']);
    expect(await text(channel.command.stdout)).toBe('out');
    expect(await text(channel.command.stderr)).toBe('err');
    expect(await channel.command.exited).toEqual({ code: 3, signal: null });
  });

  it('sends no more than there is room for, in packets that the other side takes', async () => {
    const { channel, open, sent } = world({ room: 10, packet: 4 });
    const written = new Promise<void>((resolve) =>
      channel.command.stdin.write('0123456789abc', () => resolve()),
    );
    expect(sent).toEqual([]);
    open();
    const data = () =>
      sent.filter(({ type }) => type === 'data').map(({ content }) => String(content.subarray(4)));
    expect(data()).toEqual(['0123', '4567', '89']);
    channel.receive(message.windowAdjust, Buffer.from(uint32(2)));
    expect(data().at(-1)).toBe('ab');
    channel.receive(message.windowAdjust, Buffer.from(uint32(100)));
    await written;
    channel.command.stdin.end();
    await new Promise((resolve) => channel.command.stdin.once('finish', resolve));
    expect(sent.at(-1)?.type).toBe('eof');
  });

  it('says that nothing more comes, also when writing was given up', async () => {
    const { channel, open, types } = world({ room: 3 });
    open();
    channel.command.stdin.write('0123456789');
    channel.command.stdin.destroy();
    await new Promise((resolve) => setImmediate(resolve));
    expect(types()).toEqual(['request', 'data', 'eof']);
  });

  it('waits while the socket is full', async () => {
    const { channel, open, sent, full } = world();
    open();
    full(true);
    let isWritten = false;
    channel.command.stdin.write(Buffer.alloc(100_000), () => {
      isWritten = true;
    });
    expect(sent.filter(({ type }) => type === 'data')).toHaveLength(1);
    full(false);
    await new Promise((resolve) => setImmediate(resolve));
    expect(sent.filter(({ type }) => type === 'data')).toHaveLength(4);
    expect(isWritten).toBe(true);
  });

  it('lets come what is read, and no more', async () => {
    const { channel, open, sent } = world();
    open();
    const adjusted = () =>
      sent
        .filter(({ type }) => type === 'windowAdjust')
        .reduce((sum, { content }) => sum + content.readUInt32BE(), 0);
    const block = Buffer.from(sshString('x'.repeat(32 * 1024)));
    for (let count = 0; count < 64; count += 1) channel.receive(message.data, block);
    expect(adjusted()).toBeLessThan(1024 * 1024);
    channel.command.stdout.resume();
    await new Promise((resolve) => setImmediate(resolve));
    expect(adjusted()).toBeGreaterThan(1024 * 1024);
  });

  it('answers what it does not know, and is told why it was refused', async () => {
    const { channel, open, types } = world();
    open();
    channel.receive(message.request, join(sshString('keepalive@openssh.com'), Buffer.of(1)));
    expect(types()).toEqual(['request', 'failure']);

    const refused = world();
    const why = join(uint32(2), sshString('no more sessions'), sshString(''));
    refused.channel.receive(message.openFailure, why);
    expect(await refused.channel.opened).toBe('no more sessions');
    expect(refused.isOver()).toBe(true);
  });

  it('throws away what comes after it was left', async () => {
    const { channel, open, types, isOver } = world();
    open();
    await channel.command.kill();
    await channel.command.kill();
    const told = types();
    expect(told).toEqual(['request', 'close']);
    expect(await channel.command.exited).toEqual({ code: null, signal: null });
    for (let count = 0; count < 200; count += 1) {
      channel.receive(message.data, Buffer.from(sshString('x'.repeat(32 * 1024))));
    }
    channel.receive(message.request, join(sshString('exit-status'), Buffer.of(0), uint32(0)));
    expect(isOver()).toBe(false);
    channel.receive(message.close, Buffer.alloc(0));
    expect(isOver()).toBe(true);
    expect(types()).toEqual(['request', 'close']);
  });

  it('ends with the connection, and says why', async () => {
    const { channel, open } = world();
    open();
    channel.command.stdin.write('more');
    channel.lost('Connection to web01 closed by remote host.');
    expect(await text(channel.command.stderr)).toBe('Connection to web01 closed by remote host.\n');
    expect(await channel.command.exited).toEqual({ code: null, signal: null });
  });

  it('does not trust what it is sent', async () => {
    const { channel, open } = world();
    open();
    const ended = (name: string): Buffer => join(sshString('exit-signal'), Buffer.of(0), sshString(name));
    channel.receive(message.request, ended('KILL'));
    channel.receive(message.request, ended('\u001b[2J'));
    await channel.command.kill();
    expect(await channel.command.exited).toEqual({ code: null, signal: 'an unknown signal' });
    expect(() => channel.receive(message.data, Buffer.from(uint32(100)))).toThrow('shorter');
  });
});
