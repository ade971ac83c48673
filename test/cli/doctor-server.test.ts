/** What `proteus doctor` says of a server's parts. */

import { chmod, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { checkServer } from '../../src/cli/doctor/check-server.ts';
import { proteus } from '../helpers/proteus.ts';
import { serve } from '../helpers/serve.ts';
import { makeFolder } from '../helpers/write-network.ts';

let directory: string;
let config: string;
beforeEach(async () => {
  const folder = await makeFolder();
  directory = path.join(folder, 'data');
  config = path.join(folder, 'proteus.toml');
});

const check = async (flags: Parameters<typeof checkServer>[1]) => {
  const checks = await checkServer(
    { cwd: '/', env: { HOME: '/none' }, signal: new AbortController().signal },
    flags,
  );
  return Object.fromEntries(checks.map(({ name, ...rest }) => [name, rest]));
};

describe('checkServer', () => {
  it('says nothing where nobody has a server', async () => {
    expect(await check({})).toEqual({});
  });

  it('says what the first start will make', async () => {
    await writeFile(config, `data-directory = "${directory}"\nlisten = "127.0.0.1:0"\n`);

    expect(await check({ config })).toEqual({
      configuration: { status: 'ok', detail: config },
      'data directory': {
        status: 'ok',
        detail: `${directory} will be made by the first start of the server`,
      },
      database: {
        status: 'ok',
        detail: `${directory}/proteus.db will be made by the first start of the server`,
      },
      server: { status: 'ok', detail: 'does not run; port 0 of 127.0.0.1 is free for it' },
    });
  });

  it('finds a server well while it runs and after', async () => {
    {
      await using server = await serve(directory);
      const running = await check({ dataDirectory: directory });

      expect(running.server).toEqual({
        status: 'ok',
        detail: `runs as process ${server.process.pid} and answers at ${server.url}`,
      });
      expect(running.database).toMatchObject({
        detail: expect.stringMatching(/^SQLite answers, schema \d+$/),
      });
      expect(running[`key ${directory}/keys/cache.secret`]).toMatchObject({ status: 'ok' });
      process.kill(server.process.pid, 'SIGKILL');
      await server.process.exited;
    }

    expect((await check({ dataDirectory: directory })).server).toMatchObject({
      status: 'ok',
      detail: expect.stringContaining('does not run'),
    });
  });

  it('says what is wrong: configuration, folder, database, port', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { readonly port: number }; // it listens on TCP
    await writeFile(
      config,
      `data-directory = "${directory}"\ndatabase = "postgres://x:hunter2@127.0.0.1:1/x"\nlisten = "127.0.0.1:${port}"\n`,
    );
    await proteus(['user', 'list', '--data-directory', directory]);
    await chmod(directory, 0o755);
    const found = await check({ config });
    taken.close();

    expect(found['data directory']).toMatchObject({ status: 'warning', mend: `chmod o= ${directory}` });
    expect(found.database).toMatchObject({ status: 'problem' });
    expect(JSON.stringify(found)).not.toContain('hunter2');
    expect(found.server).toMatchObject({
      status: 'problem',
      detail: expect.stringContaining(`cannot listen on 127.0.0.1 port ${port}`),
    });
    await writeFile(config, 'listn = 5\n');
    expect(await check({ config })).toMatchObject({
      configuration: { status: 'problem', detail: expect.stringContaining("did you mean 'listen'?") },
    });
  });

  it('is part of the doctor', async () => {
    const { stdout } = await proteus(['doctor', '--data-directory', directory]);

    expect(stdout).toContain('✓ data directory');
  });
});
