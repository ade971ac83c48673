import { describe, expect, it } from 'vitest';
import {
  greet,
  type ScriptedDaemon,
  scriptedDaemon,
  writeRefusal,
} from '../../test/store/scripted-daemon.ts';
import { type Greeting, handshake } from './handshake.ts';
import { WireReader } from './wire-reader.ts';
import { WireWriter } from './wire-writer.ts';

async function shake(daemon: ScriptedDaemon): Promise<Greeting> {
  return handshake(new WireReader(daemon.input), new WireWriter(daemon.output));
}

function says(...pieces: readonly (string | Buffer)[]): ScriptedDaemon {
  return scriptedDaemon(async (reader, writer) => {
    await reader.bytes(16);
    for (const piece of pieces) {
      await writer.raw(Buffer.from(piece)).flush();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
}

describe('handshake', () => {
  it.each([
    [32, { protocol: { major: 1, minor: 32 }, nixVersion: '', trusted: undefined }],
    [33, { protocol: { major: 1, minor: 33 }, nixVersion: '2.99', trusted: undefined }],
    [35, { protocol: { major: 1, minor: 35 }, nixVersion: '2.99', trusted: true }],
    [38, { protocol: { major: 1, minor: 38 }, nixVersion: '2.99', trusted: true }],
    [41, { protocol: { major: 1, minor: 38 }, nixVersion: '2.99', trusted: true }],
  ])('greets a daemon of version 1.%i', async (minor, expected) => {
    expect(await shake(scriptedDaemon((reader, writer) => greet(reader, writer, minor)))).toEqual(expected);
  });

  it('says the newest version, and names no features', async () => {
    let features: string[] | undefined;
    const daemon = scriptedDaemon(async (reader, writer) => {
      expect(await reader.u64()).toBe(0x6e697863);
      expect(await reader.u64()).toBe(0x126);
      await writer.u64(0x6478696f).u64(0x126).flush();
      features = await reader.strings();
    });
    await expect(shake(daemon)).rejects.toThrow('closed');
    await daemon.script;
    expect(features).toEqual([]);
  });

  it('tells trusted, untrusted and unknown apart', async () => {
    for (const [flag, trusted] of [
      [0, undefined],
      [1, true],
      [2, false],
    ] as const) {
      const daemon = scriptedDaemon(async (reader, writer) => {
        await reader.bytes(16);
        await writer
          .u64(0x6478696f)
          .u64(256 + 35)
          .flush();
        await reader.bytes(16);
        await writer.string('2.18').u64(flag).u64(0x616c7473).flush();
      });
      expect((await shake(daemon)).trusted).toBe(trusted);
    }
  });

  it('refuses daemons that are too old, saying what they speak', async () => {
    const daemon = scriptedDaemon(async (reader, writer) => {
      await reader.bytes(16);
      await writer
        .u64(0x6478696f)
        .u64(256 + 21)
        .flush();
    });
    await expect(shake(daemon)).rejects.toMatchObject({
      code: 'store.protocol',
      message: expect.stringContaining('speaks version 1.21 of the worker protocol; 1.32 to 1.38 are known'),
    });
  });

  it('quotes what came instead of a daemon', async () => {
    await expect(shake(says('This account ', 'is not available.\n'))).rejects.toMatchObject({
      code: 'store.protocol',
      message: expect.stringContaining('this came instead: "This account is not available."'),
      hint: expect.stringContaining('must print nothing'),
    });
    await expect(shake(says('no\n'))).rejects.toThrow('this came instead: "no"');
  });

  it('is unreachable when nothing came', async () => {
    await expect(shake(says())).rejects.toMatchObject({ code: 'store.unreachable' });
  });

  it('says why the daemon does not let us in', async () => {
    const daemon = scriptedDaemon(async (reader, writer) => {
      await reader.bytes(16);
      await writer
        .u64(0x6478696f)
        .u64(256 + 34)
        .flush();
      await reader.bytes(16);
      await writeRefusal(writer.string('2.8.0'), "user 'x' is not allowed to connect").flush();
    });
    await expect(shake(daemon)).rejects.toMatchObject({
      code: 'store.refused',
      message: "user 'x' is not allowed to connect",
    });
  });
});
