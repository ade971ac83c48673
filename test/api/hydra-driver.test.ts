/** Hydra's API against a real server: a script of curl, as people have it, from the login to the products of a build. */

import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { runProcess } from '../../src/process/run-process.ts';
import { createRepository, type Repository } from '../ci/jobs.ts';
import { proteus } from '../helpers/proteus.ts';
import { serve, type TestServer } from '../helpers/serve.ts';
import { makeFolder } from '../helpers/write-network.ts';

const evaluations = z.object({ evals: z.array(z.object({ id: z.int(), builds: z.array(z.int()) })) });
const build = z.looseObject({
  id: z.int(),
  job: z.string(),
  finished: z.int(),
  buildstatus: z.int().nullable(),
  drvpath: z.string(),
  buildoutputs: z.record(z.string(), z.object({ path: z.string() })),
});
type Build = z.output<typeof build>;

const jobs = `{ ... }: rec {
  empty_dir = job "empty-dir" "mkdir -p $out; echo should appear in success";
  fails = job "fails" "echo should appear in failure; exit 1";
  succeed_with_failed = job "succeed-with-failed" "mkdir -p $out/nix-support; echo > $out/nix-support/failed";
  product = job "product" ''
    mkdir -p $out/nix-support $out/manual
    echo Hello > $out/text.txt
    echo Spaced > "$out/some text.txt"
    echo '<h1>Manual</h1>' > $out/manual/index.html
    echo "doc none $out/text.txt" > $out/nix-support/hydra-build-products
    echo "doc none \\"$out/some text.txt\\"" >> $out/nix-support/hydra-build-products
    echo "doc manual $out/manual" >> $out/nix-support/hydra-build-products
    echo "lines 18 %" > $out/nix-support/hydra-metrics
    echo release-1 > $out/nix-support/hydra-release-name
  '';
  all = sh "all" { _hydraAggregate = true; constituents = [ "empty_dir" "product" ]; } "mkdir -p $out/nix-support";
}`;

let server: TestServer;
let repository: Repository;
let jar: string;

beforeAll(async () => {
  const folder = await makeFolder();
  const directory = path.join(folder, 'data');
  jar = path.join(folder, 'jar');
  await writeFile(jar, '');
  repository = await createRepository();
  await repository.push(jobs);
  await proteus(
    [
      'user',
      'create',
      'root',
      '--email-address',
      'a@example.org',
      '--password',
      'foobar',
      '--role',
      'admin',
    ].concat('--data-directory', directory),
  );
  server = await serve(directory);
});
afterAll(() => server[Symbol.asyncDispose]());

/** `curl` as the driver of the documentation has it; says the body, and fails with it and what the server said. */
async function curl(url: string, ...args: readonly string[]): Promise<string> {
  const command = [
    'curl',
    '-s',
    '--fail-with-body',
    '--referer',
    server.url,
    '-H',
    'Accept: application/json',
    '-H',
    'Content-Type: application/json',
    '-b',
    jar,
    '-c',
    jar,
    ...args,
    server.url + url,
  ] as const;
  const { code, stdout } = await runProcess(command, { okCodes: [0, 22] });
  if (code === 0) return stdout;
  const cookies = await readFile(jar, 'utf8');
  throw new Error(`${url}: ${stdout}\ncookies: ${cookies}\nlog of the server: ${server.log().slice(-4000)}`);
}
const get = async <T>(schema: z.ZodType<T>, url: string, ...args: readonly string[]): Promise<T> =>
  schema.parse(JSON.parse(await curl(url, ...args)));
const put = (url: string, body: object): Promise<string> =>
  curl(url, '-X', 'PUT', '-d', JSON.stringify(body));
const status = (url: string, ...args: readonly string[]): Promise<string> =>
  runProcess(['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', ...args, server.url + url]).then(
    ({ stdout }) => stdout,
  );

/** Polls, as scripts do. */
async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
const finished = (id: number): Promise<Build> =>
  eventually(async () => {
    const found = await get(build, `/build/${id}`);
    return found.finished === 1 ? found : undefined;
  });

const jobset = {
  type: 0,
  enabled: '1',
  visible: '1',
  checkinterval: '0',
  keepnr: '3',
  nixexprinput: 'jobs',
  nixexprpath: 'release.nix',
};

describe('the driver', () => {
  let builds: ReadonlyMap<string, Build>;

  it('signs in, makes a project and a jobset, and has it evaluated', async () => {
    await curl('/login', '-X', 'POST', '-d', '{"username":"root","password":"foobar"}');
    expect(JSON.parse(await curl('/current-user'))).toMatchObject({ username: 'root', userroles: ['admin'] });
    await put('/project/p', { displayname: 'P', enabled: '1', visible: '1' });
    await put('/jobset/p/j', {
      ...jobset,
      inputs: { jobs: { type: 'git', value: `${repository.url} main` } },
    });

    expect(JSON.parse(await curl('/api/push?jobsets=p:j&force=1', '-X', 'POST'))).toEqual({
      jobsetsTriggered: ['p:j'],
    });
    const ids = await eventually(async () => (await get(evaluations, '/jobset/p/j/evals')).evals[0]?.builds);
    // One after the other: of several curls that write one cookie jar at a time, one may read it empty.
    const found: Build[] = [];
    for (const id of ids) found.push(await finished(id));
    builds = new Map(found.map((one) => [one.job, one]));
    expect(new Map(found.map(({ job, buildstatus }) => [job, buildstatus]))).toEqual(
      new Map([
        ['empty_dir', 0],
        ['fails', 1],
        ['succeed_with_failed', 6],
        ['product', 0],
        ['all', 0],
      ]),
    );
  });

  it('finds the latest builds, badges and metrics', async () => {
    const latest = await get(build, '/job/p/j/empty_dir/latest-finished', '-L');
    expect(latest.id).toBe(builds.get('empty_dir')?.id);
    expect(JSON.parse(await curl('/job/p/j/fails/shield'))).toMatchObject({ message: 'failing' });
    const metrics = await curl('/job/p/j/empty_dir/prometheus');
    expect(metrics).toContain('hydra_job_failed{project="p",jobset="j",job="empty_dir"} 0');
    expect(metrics).toContain('hydra_build_output_size{project="p",jobset="j",job="empty_dir"} 96');
    expect(JSON.parse(await curl('/job/p/j/product/metric/lines'))).toMatchObject([{ value: 18, unit: '%' }]);
    const constituents = await get(z.array(build), `/build/${builds.get('all')?.id}/constituents`);
    expect(constituents.map(({ job }) => job).sort()).toEqual(['empty_dir', 'product']);
  });

  it('reads logs, through the address of the derivation, too', async () => {
    const { id = 0, drvpath = '' } = builds.get('empty_dir') ?? {};
    expect(await curl(`/build/${id}/log/raw`, '-L')).toBe('should appear in success\n');
    expect(await curl(drvpath.replace('/nix/store', '/log'))).toBe('should appear in success\n');
    expect(await curl(`/build/${id}/nixlog/1/tail`, '-L')).toBe('should appear in success\n');
    expect(await curl(`/build/${builds.get('fails')?.id}/log/raw`, '-r', '0-5')).toBe('should');
  });

  it('downloads products', async () => {
    const { id } = builds.get('product') ?? {};
    expect(await curl(`/build/${id}/download/1`, '-L')).toBe('Hello\n');
    expect(await curl('/job/p/j/product/latest/download/2', '-L')).toBe('Spaced\n');
    expect(await curl('/job/p/j/product/latest/download-by-type/doc/manual', '-L')).toBe('<h1>Manual</h1>\n');
    expect(await curl('/eval/1/job/product/download/text.txt', '-L')).toBe('Hello\n');
    expect(await status(`/build/${id}/download/3/manual/..%2f..%2f..%2f..%2fetc%2fpasswd`)).toBe('404');
  });

  it('has what was built in the cache beside it', async () => {
    const { buildoutputs } = builds.get('empty_dir') ?? {};
    const out = buildoutputs?.out?.path ?? '';

    expect(await curl(`/${out.slice(11, 43)}.narinfo`)).toContain(`StorePath: ${out}\n`);
  });

  it('finds things', async () => {
    const out = builds.get('product')?.buildoutputs.out?.path ?? '';
    expect(JSON.parse(await curl(`/search/?query=${out}`))).toMatchObject({ builds: [{ job: 'product' }] });
    expect(JSON.parse(await curl('/api/latestbuilds?nr=10&job=fails'))).toMatchObject([{ buildstatus: 1 }]);
    expect(JSON.parse(await curl('/api/nrqueue'))).toBe(0);
    expect(JSON.parse(await curl('/api/jobsets?project=p'))).toMatchObject([
      { nrsucceeded: 3, nrfailed: 2, nrscheduled: 0, haserrormsg: false },
    ]);
  });

  it('restarts and cancels, and is refused without signing in', async () => {
    const { id = 0 } = builds.get('fails') ?? {};
    expect(await status(`/build/${id}/restart`)).toBe('403');
    await curl(`/build/${id}/restart`);
    expect((await finished(id)).buildstatus).toBe(1);
    const attempts = z.object({ steps: z.array(z.object({ number: z.int(), hasLog: z.boolean() })) });
    expect((await get(attempts, `/api/v1/builds/${id}`)).steps).toMatchObject([
      { hasLog: true },
      { hasLog: true },
    ]);
  });
});

describe('a build that is going on', () => {
  it('is watched, bumped and cancelled', async () => {
    await repository.push(`{ ... }: { gated = job "gated" "echo begun; \${gate "never"}"; }`);
    await put('/jobset/p/live', {
      ...jobset,
      inputs: { jobs: { type: 'git', value: `${repository.url} main` } },
    });
    const events = await fetch(`${server.url}/api/v1/events?types=ci.build.*&jobset=live`);
    const heard = events.body?.getReader();
    await curl('/api/push?jobsets=p:live', '-X', 'POST');
    const id = await eventually(
      async () => (await get(evaluations, '/jobset/p/live/evals')).evals[0]?.builds[0],
    );

    const log = await eventually(async () => {
      const response = await fetch(`${server.url}/api/v1/builds/${id}/steps/1/log?follow=1`);
      return response.ok ? response.body?.getReader() : undefined;
    });
    const decoder = new TextDecoder();
    let text = '';
    while (!text.includes('at gate never')) {
      const { value, done } = await log.read();
      expect(done).toBe(false);
      text += decoder.decode(value, { stream: true });
    }
    expect(text).toContain('begun\n');
    expect(JSON.parse(await curl(`/api/v1/builds/${id}/why`))).toMatchObject({
      reason: { type: 'running', steps: [{ builder: 'local' }] },
    });
    expect(JSON.parse(await curl('/status'))).toMatchObject([{ id, finished: 0 }]);

    await curl(`/build/${id}/cancel`);
    expect((await finished(id)).buildstatus).toBe(4);
    // The log ends with its step.
    for (let ended = false; !ended; ) ended = (await log.read()).done;
    let told = '';
    while (!told.includes('ci.build.finished')) told += decoder.decode((await heard?.read())?.value);
    expect(told).toMatch(/event: ci\.build\.queued\n[\s\S]*event: ci\.build\.started\n/);
    expect(told).toContain('"status":4');
    await heard?.cancel();
  });
});
