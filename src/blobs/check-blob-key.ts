/**
 * Keys of blobs: relative paths of which every part begins with a letter or digit, so none is hidden, empty, `.` or `..`.
 */

const part = '[a-z0-9][a-z0-9._-]*';
const form = new RegExp(`^${part}(?:/${part})*$`);

/** Throws a TypeError for anything else: keys are made by us, never taken from a request. */
export function checkBlobKey(key: string): void {
  if (!form.test(key)) throw new TypeError(`not a key of a blob: ${JSON.stringify(key)}`);
}
