/** `proteus watch`: what people see of a server's work, and what programs read. */

import { beforeEach, describe, expect, it } from 'vitest';
import { parseEventStream } from '../../src/cli/client/parse-event-stream.ts';
import { proteus, startProteus } from '../helpers/proteus.ts';
import { makeAdmin, serve, type TestServer } from '../helpers/serve.ts';
import { makeFolder, writeNetwork } from '../helpers/write-network.ts';
import { gitRepository } from '../inputs/git-repository.ts';

let directory: string;
beforeEach(async () => {
  directory = await makeFolder();
});

async function watch(server: string, ...args: readonly string[]) {
  const child = await startProteus(['watch', '--server', server, ...args]);
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += String(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += String(chunk);
  });
  const until = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (`${out}${err}`.includes(text)) resolve();
      };
      child.stdout.on('data', look);
      child.stderr.on('data', look);
      look();
      void child.exited.then(() => reject(new Error(`it ended without saying ${text}:\n${err}`)));
    });
  return { child, until, out: () => out, err: () => err, [Symbol.asyncDispose]: () => child.kill() };
}

/** A jobset with a machine that builds, one that does not, and one that does not evaluate. */
async function follow(server: TestServer): Promise<void> {
  const folder = await makeFolder();
  const broken =
    'derivation { name = "broken-part"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo oh no; exit 3" ]; }';
  await writeNetwork(
    {
      good: '{ }',
      bad: `{ environment.note = [ "\${${broken}}" ]; }`,
      wrong: '{ environment.note = [ (throw "it is wrong") ]; }',
    },
    { folder, selfContained: true },
  );
  gitRepository(folder).commit({});
  const env = { PROTEUS_TOKEN: await makeAdmin(directory), PROTEUS_SERVER: server.url };
  await proteus(['project', 'create', 'fleet'], { env });
  await proteus(
    [
      'jobset',
      'create',
      'fleet:main',
      '--network',
      'network:network.nix',
      '--input',
      `network=git:${folder}`,
    ],
    { env },
  );
}

describe('proteus watch', () => {
  it('tells in lines what is evaluated and built, and what goes wrong', async () => {
    await using server = await serve(directory);
    await using watching = await watch(server.url);
    await watching.until('0 builds are queued');

    await follow(server);
    await watching.until('main:good): succeeded');
    await watching.until('main:bad): failed');

    const lines = watching.err().split('\n');
    expect(lines[0]).toBe(`watching ${server.url}`);
    expect(lines).toContain('fleet:main: fetching its inputs');
    expect(lines).toContain('fleet:main: wrong does not evaluate');
    expect(lines).toContain('building broken-part on local');
    expect(lines).toContainEqual(expect.stringMatching(/^broken-part: failed on local: .*exit code 3/));
    expect(lines).toContain('  | oh no');
    expect(watching.out()).toBe('');
    process.kill(watching.child.pid, 'SIGINT');
    expect(await watching.child.exited).toEqual({ code: 0, signal: null });
  });

  it('goes on when the server comes back, and misses nothing that the server remembers', async () => {
    await using first = await serve(directory);
    await using watching = await watch(first.url, '--json');
    await watching.until('queued');

    process.kill(first.process.pid, 'SIGKILL');
    await first.process.exited;
    await watching.until('trying again');
    const listen = new URL(first.url).host;
    await using second = await serve(directory, { listen });
    await watching.until('connected again');
    await follow(second);
    // The last build may be done before it is written that the evaluation is.
    await watching.until('"ci.evaluation.ended"');
    await watching.until('"ci.build.finished"');

    const events = watching
      .out()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => (JSON.parse(line) as { readonly type: string }).type);
    expect(events).toContain('ci.evaluation.started');
    expect(events).toContain('ci.evaluation.ended');
  });

  it('is told again what came after the last event it heard', async () => {
    await using server = await serve(directory);
    const ids = async (
      headers: Readonly<Record<string, string>>,
      count: number,
    ): Promise<readonly number[]> => {
      const { body } = await fetch(`${server.url}/api/v1/events`, { headers });
      const found: number[] = [];
      if (body === null) throw new Error('the stream has no body');
      for await (const { id } of parseEventStream(body)) {
        found.push(Number(id));
        if (found.length === count) break;
      }
      return found;
    };
    const live = ids({}, 3);
    await follow(server);
    const [first = 0, second, third] = await live;

    expect(await ids({ 'last-event-id': String(first) }, 2)).toEqual([second, third]);
  });

  it('says that no server answers', async () => {
    const { code, stderr } = await proteus(['watch', '--server', 'http://127.0.0.1:1']);

    expect(code).toBe(1);
    expect(stderr).toContain('no server answers at http://127.0.0.1:1');
    expect(stderr).toContain('what to do: Start one with `proteus serve`');
  });
});
