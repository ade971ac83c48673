import { utimes } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { StoredNarRecord } from '../../db/cache-records.ts';
import { createHotNarFile } from './hot-nar-file.ts';
import { narFileName, narKey } from './nar-file.ts';
import type { StoredServing } from './serve-nar-file.ts';
import { narOf, openStoredFixture, type StoredFixture } from './testing/stored-fixture.ts';

const accel = '/_nar/';

async function storeOne(fixture: StoredFixture): Promise<StoredNarRecord> {
  const { bytes, content } = narOf({ type: 'regular', executable: false, contents: Buffer.from('hello\n') });
  return fixture.nars.materialise(content, async function* () {
    yield bytes;
  });
}

/** What the front door is told of a name that lies somewhere in a buffer, and how often it was served. */
function ask(
  serving: StoredServing,
  name: string,
): { readonly head: string | undefined; readonly served: number } {
  let served = 0;
  const hot = createHotNarFile(serving, () => {
    served += 1;
  });
  const answer = hot(Buffer.from(`GET /nar/${name} HTTP/1.1`), 9, 9 + name.length);
  return { head: answer?.bytes.toString(), served };
}

describe('what the front door says of the file of a NAR', () => {
  it('is where the server in front finds it', async () => {
    await using fixture = await openStoredFixture();
    const nar = await storeOne(fixture);
    const { head, served } = ask({ nars: fixture.nars, accel }, narFileName(nar));

    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(head).toContain(`X-Accel-Redirect: /_nar/${nar.fileHash.slice(0, 2)}/${narFileName(nar)}\r\n`);
    expect(head).toContain('Content-Length: 0\r\n');
    expect(served).toBe(1);
  });

  it('is nothing where no server in front sends files', async () => {
    await using fixture = await openStoredFixture();
    const nar = await storeOne(fixture);

    expect(ask({ nars: fixture.nars }, narFileName(nar)).head).toBeUndefined();
  });

  it('is nothing for another ending, or a hash that no file has', async () => {
    await using fixture = await openStoredFixture();
    const nar = await storeOne(fixture);
    const serving = { nars: fixture.nars, accel };

    expect(ask(serving, `${nar.fileHash}.nar.xz`).head).toBeUndefined();
    expect(ask(serving, `${'0'.repeat(52)}.nar.zst`)).toEqual({ head: undefined, served: 0 });
  });

  it('is nothing once the file looks otherwise, or is gone', async () => {
    await using fixture = await openStoredFixture();
    const nar = await storeOne(fixture);
    const serving = { nars: fixture.nars, accel };
    await utimes(fixture.blobs.fileOf(narKey(nar)) ?? '', 1, 1);
    const touched = ask(serving, narFileName(nar));
    await fixture.nars.verify(nar);
    const read = ask(serving, narFileName(nar));
    await fixture.blobs.delete(narKey(nar));

    expect(touched).toEqual({ head: undefined, served: 0 });
    expect(read.served).toBe(1);
    expect(ask(serving, narFileName(nar)).head).toBeUndefined();
  });

  it.each([
    ['may not be given out', () => false],
    ['is not known yet whether it may be given out', () => Promise.resolve(true)],
  ])('is nothing while it %s', async (_, mayServe) => {
    await using fixture = await openStoredFixture();
    const nar = await storeOne(fixture);

    expect(ask({ nars: fixture.nars, accel, mayServe }, narFileName(nar))).toEqual({
      head: undefined,
      served: 0,
    });
  });
});
