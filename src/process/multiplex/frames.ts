/**
 * What goes over the control socket of an OpenSSH master: frames of a length (32 bits, big-endian) and so many bytes. First
 * those of the multiplexing protocol, then, once it is told to be a proxy, messages of SSH's connection protocol (RFC 4254),
 * each with a byte of padding length, always 0, before its number.
 */

/** Numbers of messages, RFC 4254 §9. */
export const message = {
  open: 90,
  openConfirmation: 91,
  openFailure: 92,
  windowAdjust: 93,
  data: 94,
  extendedData: 95,
  eof: 96,
  close: 97,
  request: 98,
  success: 99,
  failure: 100,
} as const;

export type MessageNumber = (typeof message)[keyof typeof message];

/** OpenSSH takes none that is longer, and makes none. */
const longestFrame = 256 * 1024;

export function uint32(value: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A string with its length before it. */
export function sshString(text: string): Uint8Array {
  return Buffer.concat([uint32(Buffer.byteLength(text)), Buffer.from(text)]);
}

export function frame(...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([uint32(length), ...parts]);
}

/** The beginning of a frame that holds a message to a channel over there: `rest` bytes follow it. */
export function messageStart(number: MessageNumber, channel: number, rest: number): Buffer {
  const bytes = Buffer.allocUnsafe(10);
  bytes.writeUInt32BE(rest + 6, 0);
  bytes.writeUInt8(0, 4);
  bytes.writeUInt8(number, 5);
  bytes.writeUInt32BE(channel, 6);
  return bytes;
}

/** Takes bytes as they come, and passes on frames without their lengths. Throws RangeError for one that is too long. */
export function createFrameReader(onFrame: (content: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (bytes.length >= 4) {
      const length = bytes.readUInt32BE();
      if (length > longestFrame)
        throw new RangeError(`a frame of ${length} bytes, more than ${longestFrame}`);
      if (bytes.length < 4 + length) break;
      onFrame(bytes.subarray(4, 4 + length));
      bytes = bytes.subarray(4 + length);
    }
    rest = bytes;
  };
}

/** Reads the fields of a frame one after the other. Throws RangeError where it is too short. */
export function fieldReader(content: Buffer): {
  readonly byte: () => number;
  readonly uint32: () => number;
  readonly string: () => Buffer;
} {
  let at = 0;
  const take = (length: number): Buffer => {
    if (at + length > content.length) throw new RangeError('a frame is shorter than what is in it');
    at += length;
    return content.subarray(at - length, at);
  };
  const number = (): number => take(4).readUInt32BE();
  return { byte: () => take(1).readUInt8(), uint32: number, string: () => take(number()) };
}
