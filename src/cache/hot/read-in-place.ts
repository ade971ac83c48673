/**
 * Lets a connection that was accepted read into one buffer that all connections share, instead of a new one of 64 KiB
 * for each read. That is what `onread` of `net.Socket` does, but a server has no such option for the sockets it makes; so a
 * second socket is made around the same handle, which takes the place of the first.
 *
 * `onread` is documented, what is used to get at the handle is not: the property `_handle`, and the option `handle`. It is
 * therefore looked at for each connection, and where anything is not as it was in Node 24 the connection stays as it
 * is, to be read in the documented way. Nothing has been read from it by then: it must have been accepted with
 * `pauseOnConnect`.
 *
 * The first socket lives on without a handle, for the server that counts it, and closes after the second.
 */

import { Socket } from 'node:net';

/** As much as Node reads at a time. */
const bufferBytes = 64 * 1024;
/** Never collected: handles write into it. What is read must be used before the next read, which is in the same turn. */
const shared = Buffer.allocUnsafeSlow(bufferBytes);

/** What every socket has. */
type Handled = Socket & { _handle: unknown };

/**
 * The socket that reads in place, or undefined: use `first`, which is still paused. `take` gets what was read, as the first bytes
 * of a buffer that is good only until it returns; when it returns false nothing more is read until the socket is resumed.
 */
export function readInPlace(
  first: Socket,
  take: (buffer: Buffer, length: number) => boolean,
): Socket | undefined {
  const held = first as Handled; // not in the types, since it is not documented
  const handle = held._handle;
  if (!canReadInPlace(handle)) return undefined;
  const options = {
    handle,
    readable: true,
    writable: true,
    onread: { buffer: shared, callback: (length: number) => take(shared, length) },
  };
  const second = new Socket(options as object) as Handled; // the option has other types, for other uses
  // An option that was not known has made a socket that is not connected to anything.
  if (second._handle !== handle) return undefined;
  held._handle = null;
  return second;
}

function canReadInPlace(handle: unknown): handle is object {
  return (
    typeof handle === 'object' &&
    handle !== null &&
    'useUserBuffer' in handle &&
    typeof handle.useUserBuffer === 'function' &&
    'readStart' in handle &&
    'isStreamBase' in handle &&
    handle.isStreamBase === true
  );
}
