/** Debug information of NARs that were kept by a version that did not look for it. */

import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { sampleUpload, upload } from '../../src/cache/testing/test-site.ts';
import type { NarTree } from '../../src/nix/nar-writer.ts';
import { parseEvents, proteus } from '../helpers/proteus.ts';
import { serve } from '../helpers/serve.ts';
import { makeFolder } from '../helpers/write-network.ts';

const folders = ([name, ...rest]: readonly string[]): NarTree =>
  name === undefined
    ? { type: 'regular', contents: Buffer.from('symbols') }
    : { type: 'directory', entries: new Map([[name, folders(rest)]]) };

it('is found by scrubbing, while the server runs', async () => {
  const directory = path.join(await makeFolder(), 'data');
  await using server = await serve(directory);
  const run = (...args: readonly string[]) => proteus([...args, '--data-directory', directory]);
  const token = (await run('cache', 'token', 'create', 'main', 'ci', '--push')).stdout.trim();
  const buildId = 'fe'.repeat(20);
  const member = `lib/debug/.build-id/fe/${buildId.slice(2)}.debug`;
  const sample = sampleUpload('app-debug', [], { tree: folders(member.split('/')) });
  expect(await upload(server.url, sample, token)).toBe(200);
  const ask = () => fetch(`${server.url}/debuginfo/${buildId}`);
  expect((await ask()).status).toBe(200);

  // As it was before such rows were kept.
  using database = new DatabaseSync(path.join(directory, 'proteus.db'));
  database.exec('delete from nar_build_ids');
  expect((await ask()).status).toBe(404);
  const first = await run('cache', 'scrub', '--json');
  const again = await run('cache', 'scrub');

  expect(parseEvents(first.stdout).at(-1)).toMatchObject({ files: 1, lookedInto: 1, unreadable: 0 });
  expect(again.stdout).not.toContain('debug information');
  expect(await (await ask()).json()).toMatchObject({ member });
});
