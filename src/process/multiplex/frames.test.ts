import { describe, expect, it } from 'vitest';
import { createFrameReader, fieldReader, frame, message, messageStart, sshString, uint32 } from './frames.ts';

describe('createFrameReader', () => {
  it('passes on frames however they are cut', () => {
    const contents = ['', 'a', 'two words', 'x'.repeat(70_000)];
    const stream = Buffer.concat(contents.map((text) => frame(Buffer.from(text))));
    for (const size of [1, 3, 4, 5, 1000, 65_536, stream.length]) {
      const seen: string[] = [];
      const read = createFrameReader((content) => seen.push(content.toString()));
      for (let at = 0; at < stream.length; at += size) read(stream.subarray(at, at + size));
      expect(seen).toEqual(contents);
    }
  });

  it('does not wait for what nobody sends', () => {
    const read = createFrameReader(() => {});
    expect(() => read(Buffer.from(uint32(256 * 1024 + 1)))).toThrow(
      'a frame of 262145 bytes, more than 262144',
    );
  });
});

describe('fields', () => {
  it('are read as they are written', () => {
    const content = Buffer.concat([Buffer.of(7), uint32(4_000_000_000), sshString('größer'), sshString('')]);
    const fields = fieldReader(content);
    expect(fields.byte()).toBe(7);
    expect(fields.uint32()).toBe(4_000_000_000);
    expect(fields.string().toString()).toBe('größer');
    expect(fields.string().length).toBe(0);
    expect(() => fields.byte()).toThrow('shorter');
    expect(() => fieldReader(Buffer.from(uint32(9))).string()).toThrow('shorter');
  });

  it('begin a message with its length, padding, number and channel', () => {
    const bytes = Buffer.concat([messageStart(message.data, 5, 3), Buffer.from('abc')]);
    let seen: Buffer | undefined;
    createFrameReader((content) => {
      seen = content;
    })(bytes);
    const fields = fieldReader(seen ?? Buffer.alloc(0));
    expect([fields.byte(), fields.byte(), fields.uint32()]).toEqual([0, 94, 5]);
    expect(seen?.subarray(6).toString()).toBe('abc');
  });
});
