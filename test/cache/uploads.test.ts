/** Uploads to a whole server: real `nix copy` both ways, our own agents, and kill -9 in the middle. */

import { createHash } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sampleUpload, upload } from '../../src/cache/testing/test-site.ts';
import { formatBareHash } from '../../src/nix/hash.ts';
import {
  parseStorePath,
  type StorePath,
  storePathBaseName,
  storePathHash,
} from '../../src/nix/store-path.ts';
import { runProcess } from '../../src/process/run-process.ts';
import { deleteFromStore } from '../helpers/delete-from-store.ts';
import { proteus } from '../helpers/proteus.ts';
import { makeAdmin, serve, type TestServer } from '../helpers/serve.ts';
import { makeFolder } from '../helpers/write-network.ts';
import { addFlat, addPath, build, derivation, instantiate } from '../store/nix-lab.ts';

const nix = ['nix', '--extra-experimental-features', 'nix-command'] as const;

let lib: StorePath;
let app: StorePath;
beforeAll(async () => {
  const folder = await makeFolder();
  lib = build(derivation('mkdir $out; echo lib > $out/lib; ln -s $out/lib $out/self', '', 'lib'));
  await writeFile(path.join(folder, 'source'), 'a source\n');
  const source = addPath(path.join(folder, 'source'));
  const flat = addFlat(path.join(folder, 'source'));
  app = build(
    `let lib = ${JSON.stringify(lib)}; in ${derivation(`echo ${lib} ${source} ${flat} > $out`, `inherit lib; deps = [ (builtins.storePath "${lib}") (builtins.storePath "${source}") (builtins.storePath "${flat}") ];`, 'app')}`,
  );
});

let folder: string;
let directory: string;
beforeEach(async () => {
  folder = await makeFolder();
  directory = path.join(folder, 'data');
});

const where = () => ['--data-directory', directory];

async function run(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await proteus([...args, ...where()]);
  expect([args.join(' '), code, code === 0 ? '' : stderr]).toEqual([args.join(' '), 0, '']);
  return stdout.trim();
}

/** A netrc file with that token for the server. */
async function netrc(token: string, login = 'anybody'): Promise<readonly string[]> {
  const file = path.join(folder, `netrc-${createHash('sha256').update(token).digest('hex').slice(0, 8)}`);
  await writeFile(file, `machine 127.0.0.1 login ${login} password ${token}\n`);
  return ['--option', 'netrc-file', file];
}

/** Who uploads remembers his narinfos as he sent them; who downloads has a memory of his own. */
function copy(...args: readonly string[]) {
  const env = { ...process.env, XDG_CACHE_HOME: path.join(folder, args[0] === '--to' ? 'up' : 'down') };
  return runProcess([...nix, 'copy', ...args], { okCodes: [0, 1], env });
}

async function server(): Promise<TestServer & { readonly team: string }> {
  const started = await serve(directory);
  await run('cache', 'create', 'team', '--private');
  return Object.assign(started, { team: `${started.url}/c/team` });
}

/** Copies from the cache into a store of its own, which trusts only the server's key. */
async function fetchInto(name: string, from: string, key: string, auth: readonly string[], root: StorePath) {
  const to = path.join(folder, name);
  const trust = ['--option', 'require-sigs', 'true', '--option', 'trusted-public-keys', key];
  const { code, stderr } = await copy('--from', from, '--to', to, root, ...trust, ...auth);
  expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
  await runProcess([...nix, 'store', 'verify', '--recursive', '--store', to, root, ...trust]);
  return to;
}

describe('nix copy', () => {
  it.each([
    '',
    '?compression=zstd',
    '?compression=none',
    '?compression=gzip',
    '?compression=bzip2&write-nar-listing=1',
  ])('uploads and downloads with %s', async (parameters) => {
    await using started = await server();
    const auth = await netrc(await run('cache', 'token', 'create', 'team', 'ci', '--push'));
    const up = await copy('--to', `${started.team}${parameters}`, app, ...auth);
    expect([up.code, up.code === 0 ? '' : up.stderr]).toEqual([0, '']);

    const to = await fetchInto('client', started.team, started.publicKeys[0] ?? '', auth, app);
    const { stdout } = await runProcess([...nix, 'path-info', '--recursive', '--store', to, app]);
    expect(stdout.trim().split('\n')).toHaveLength(4);
    // Again: nothing is sent.
    expect(await copy('--to', `${started.team}${parameters}`, app, ...auth)).toMatchObject({ code: 0 });
    expect(started.log()).not.toMatch(/"level":50/);
  });

  it('is told why it may not', async () => {
    await using started = await server();
    const reader = await netrc(await run('cache', 'token', 'create', 'team', 'reader'));
    const other = await netrc('proteus_cache_wrong');

    const refused = await copy('--to', started.team, app, ...reader);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('403')]);
    expect(refused.stderr).toContain('may read the cache, not upload');
    expect((await copy('--to', started.team, app, ...other)).code).toBe(1);
    expect((await copy('--to', started.team, app)).code).toBe(1);
    expect((await run('cache', 'list', '--json')).match(/"paths":0/g)).toHaveLength(2);
  });

  it('uploads content-addressed paths that refer to themselves', async () => {
    await using started = await server();
    const auth = await netrc(await run('cache', 'token', 'create', 'team', 'ci', '--push'));
    const made = await runProcess([...nix, 'store', 'make-content-addressed', '--json', lib]);
    const { rewrites } = JSON.parse(made.stdout) as {
      readonly rewrites: Readonly<Record<string, StorePath>>;
    };
    const addressed = rewrites[lib] as StorePath; // as the command says it
    const up = await copy('--to', started.team, addressed, ...auth);
    expect([up.code, up.code === 0 ? '' : up.stderr]).toEqual([0, '']);
    const narinfo = await fetch(`${started.team}/${storePathHash(addressed)}.narinfo`, {
      headers: { authorization: `Bearer ${await run('cache', 'token', 'create', 'team', 'r')}` },
    });

    expect(await narinfo.text()).toMatch(/\nReferences: .*-lib\n[\s\S]*\nCA: fixed:r:sha256:/);
  });
});

describe('the cache at the root', () => {
  it('takes uploads whose references it serves out of the store, and keeps those for good, too', async () => {
    await using started = await server();
    const token = await run('cache', 'token', 'create', 'main', 'ci', '--push');
    const fresh = sampleUpload('fresh', [lib]);

    expect(await upload(started.url, fresh, token)).toBe(200);
    expect(await run('cache', 'list')).toMatch(/^main +\/ +2 /m);
    await fetchInto('client', started.url, started.publicKeys[0] ?? '', [], fresh.path);
    const astray = sampleUpload('astray', [sampleUpload('nowhere').path]);
    expect(await upload(started.url, astray, token)).toBe(422);
  });
});

describe('our own agents', () => {
  it('push what is missing, and the store as it grows', async () => {
    await using started = await server();
    const token = await run('cache', 'token', 'create', 'team', 'ci', '--push');
    const env = {
      PROTEUS_CACHE_TOKEN: token,
      PROTEUS_CACHE: started.team,
      XDG_STATE_HOME: path.join(folder, 'state'),
    };
    const push = await proteus(['cache', 'push', app, '--json'], { env });
    expect([push.code, push.code === 0 ? '' : push.stderr]).toEqual([0, '']);
    expect(JSON.parse(push.stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
      type: 'result',
      paths: 4,
    });
    expect((await proteus(['cache', 'push', app], { env })).stdout).toContain('has all 4 paths already');

    const watch = () => proteus(['cache', 'watch-store', '--once', '--json'], { env });
    const last = async () =>
      JSON.parse((await watch()).stdout.trim().split('\n').at(-1) ?? '') as { paths: number };
    expect(await last()).toMatchObject({ paths: 0 });
    const fresh = build(derivation('echo fresh > $out'));
    expect(await last()).toMatchObject({ paths: 1 });
    expect(await last()).toMatchObject({ paths: 0 });
    await fetchInto('client', started.team, started.publicKeys[0] ?? '', await netrc(token), fresh);
    await fetchInto('client', started.team, started.publicKeys[0] ?? '', await netrc(token), app);
  });

  it('say what is wrong with their token', async () => {
    await using started = await server();
    const env = { PROTEUS_CACHE: started.team };
    const none = await proteus(['cache', 'push', app], { env });
    const wrong = await proteus(['cache', 'push', app], { env: { ...env, PROTEUS_CACHE_TOKEN: 'x' } });

    for (const { code, stderr } of [none, wrong]) {
      expect(code).toBe(1);
      expect(stderr).toContain('uploading needs a token that may push to this cache');
    }
  });
});

describe('an upload', () => {
  it('leaves nothing half there when the server is killed in the middle', async () => {
    const bytes = Buffer.alloc(3_000_000, 7);
    const hash = formatBareHash(
      { algorithm: 'sha256', bytes: new Uint8Array(createHash('sha256').update(bytes).digest()) },
      'nix32',
    );
    let token: string;
    {
      await using first = await server();
      token = await run('cache', 'token', 'create', 'team', 'ci', '--push');
      const headers = { authorization: `Bearer ${token}`, 'content-length': bytes.length };
      const req = request(`${first.team}/nar/${hash}.nar`, { method: 'PUT', headers });
      const over = new Promise((resolve) => req.once('close', resolve));
      req.on('error', () => {});
      req.write(bytes.subarray(0, 2_000_000));
      const writing = path.join(directory, 'nars/.writing');
      while ((await readdir(writing).catch(() => [])).length === 0) await sleep(20);
      process.kill(first.process.pid, 'SIGKILL');
      await Promise.all([first.process.exited, over]);
    }
    await using second = await serve(directory);
    const team = `${second.url}/c/team`;
    const headers = { authorization: `Bearer ${token}` };

    expect((await fetch(`${team}/nar/${hash}.nar`, { method: 'HEAD', headers })).status).toBe(404);
    expect(await readdir(path.join(directory, 'nars/.writing'))).toEqual([]);
    const up = await copy('--to', team, app, ...(await netrc(token)));
    expect([up.code, up.code === 0 ? '' : up.stderr]).toEqual([0, '']);
    await fetchInto('client', team, second.publicKeys[0] ?? '', await netrc(token), app);
  });

  it('that goes on while the server ends leaves whole paths behind', async () => {
    const names = Array.from({ length: 12 }, (_, n) => `part${n}`);
    const parts = names.map((name) => build(derivation(`echo ${name} > $out`, '', name)));
    let token: string;
    {
      await using first = await server();
      token = await run('cache', 'token', 'create', 'team', 'ci', '--push');
      const up = copy('--to', first.team, ...parts, ...(await netrc(token)));
      const paths = async () => (await run('cache', 'show', 'team', '--json')).match(/"paths":(\d+)/)?.[1];
      while ((await paths()) === '0') await sleep(20);
      process.kill(first.process.pid, 'SIGKILL');
      await first.process.exited;
      await up;
    }
    await using second = await serve(directory);
    const headers = { authorization: `Bearer ${token}` };
    for (const part of parts) {
      const narinfo = await fetch(`${second.url}/c/team/${storePathHash(part)}.narinfo`, { headers });
      if (narinfo.status === 404) continue;
      const name = /\nURL: (.*)\n/.exec(await narinfo.text())?.[1];
      const nar = await fetch(`${second.url}/c/team/${name}`, { headers });
      expect([nar.status, (await nar.arrayBuffer()).byteLength]).toEqual([
        200,
        Number(nar.headers.get('content-length')),
      ]);
    }
    expect(await copy('--to', `${second.url}/c/team`, ...parts, ...(await netrc(token)))).toMatchObject({
      code: 0,
    });
  });
});

describe('a private server', () => {
  it('guards its cache, too', async () => {
    const config = path.join(folder, 'proteus.toml');
    await writeFile(config, 'private = true\n');
    await using started = await serve(directory, { args: ['--config', config] });
    const user = await makeAdmin(directory);
    const cacheToken = await run('cache', 'token', 'create', 'main', 'machines');
    const narinfo = `${started.url}/${storePathHash(app)}.narinfo`;
    const status = async (token?: string) =>
      (await fetch(narinfo, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }))
        .status;

    expect(await status()).toBe(401);
    expect(await status('proteus_cache_wrong')).toBe(401);
    expect(await status(user)).toBe(200);
    expect(await status(cacheToken)).toBe(200);
    await fetchInto('client', started.url, started.publicKeys[0] ?? '', await netrc(cacheToken), app);
  });
});

describe('what is uploaded besides', () => {
  it('is had from named caches and the root', async () => {
    await using started = await server();
    const token = await makeAdmin(directory);
    // Logs at the root are the API's, which wants the name of the user, too.
    const auth = await netrc(token, 'alice');
    const drvPath = instantiate(derivation('echo a line of the log; echo x > $out', '', 'logged')).drvPath;
    const drv = storePathBaseName(drvPath);
    const [out = ''] = (await runProcess(['nix-store', '--realise', drvPath])).stdout.trim().split('\n');
    const bases = [started.team, started.url];
    for (const base of bases) {
      await runProcess([...nix, 'store', 'copy-log', '--to', base, drvPath, ...auth]);
      await copy('--to', `${base}?index-debug-info=true&write-nar-listing=1`, out, ...auth);
    }
    // What Nix has itself goes before that.
    await rm('/nix/var/log/nix/drvs', { recursive: true });
    for (const base of bases) {
      const get = async (name: string) =>
        (await fetch(`${base}/${name}`, { headers: { authorization: `Bearer ${token}` } })).text();
      expect(await get(`log/${encodeURIComponent(drv)}`)).toContain('a line of the log');
      const from = ['--option', 'substituters', base] as const;
      const shown = await runProcess([...nix, 'log', drvPath, ...from, ...auth]);
      expect(shown.stdout).toContain('a line of the log');
      expect(await get(`serve/${storePathHash(parseStorePath(out))}`)).toBe('x\n');
    }
    expect(started.log()).not.toMatch(/"level":50/);
  });

  it('is browsed when no store has it any more', async () => {
    await using started = await server();
    const env = { PROTEUS_CACHE_TOKEN: await makeAdmin(directory) };
    const gone = build(
      derivation(
        'mkdir -p $out/lib/debug/.build-id/ab; echo d > $out/lib/debug/.build-id/ab/$id.debug',
        `id = "${'c'.repeat(38)}";`,
        'gone-debug',
      ),
    );
    expect((await proteus(['cache', 'push', gone, '--to', started.url], { env })).code).toBe(0);
    await deleteFromStore([gone], ['--option', 'keep-outputs', 'false']);
    const at = `${started.url}/serve/${storePathHash(gone)}/lib/debug/.build-id/ab/${'c'.repeat(38)}.debug`;
    expect(await (await fetch(at)).text()).toBe('d\n');
    expect(await (await fetch(`${started.url}/${storePathHash(gone)}.ls`)).json()).toMatchObject({
      root: { entries: { lib: { type: 'directory' } } },
    });
    const found = await fetch(`${started.url}/debuginfo/ab${'c'.repeat(38)}`);
    expect(await found.json()).toMatchObject({
      archive: expect.stringContaining(storePathHash(gone)),
      member: `lib/debug/.build-id/ab/${'c'.repeat(38)}.debug`,
    });
  });
});

describe('the commands of caches', () => {
  it('work on a server, too', async () => {
    await using started = await server();
    const tokenFile = path.join(folder, 'token');
    await writeFile(tokenFile, await makeAdmin(directory));
    const there = async (...args: readonly string[]) => {
      const { code, stdout, stderr } = await proteus(
        ['cache', ...args, '--server', started.url, '--token-file', tokenFile],
        { env: { HOME: folder } },
      );
      return code === 0 ? stdout.trim() : stderr;
    };
    expect(await there('create', 'more', '--quota', '1 GiB', '--private')).toContain('made the cache more');
    expect(await there('list')).toMatch(/^more +\/c\/more +0 +0 B +1\.0 GiB +yes +all$/m);
    await there('edit', 'more', '--quota', 'none', '--public');
    expect(await there('show', 'more')).toMatch(/quota +none\nprivate +no/);
    const token = await there('token', 'create', 'more', 'ci', '--push');
    expect(await there('token', 'list', 'more')).toMatch(/ci +yes/);
    await proteus(['cache', 'push', app, '--to', `${started.url}/c/more`], {
      env: { PROTEUS_CACHE_TOKEN: token },
    });
    expect(await there('pin', 'more', 'release', app)).toContain(`pinned ${app}`);
    expect(await there('pin', 'more', 'release', `/nix/store/${'0'.repeat(32)}-x`)).toContain(
      'does not have',
    );
    expect(await there('show', 'more')).toMatch(new RegExp(`release +${app} +never`));
    expect(await there('unpin', 'more', 'release')).toContain('removed the pin');
    expect(await there('token', 'revoke', 'more', '9')).toContain('has no token 9');
    expect(await there('delete', 'more')).toContain('deleted the cache more');
    expect(await there('create', 'team')).toContain("there is a cache named 'team' already");
  });

  it('make, show, change and delete caches, tokens and pins', async () => {
    await run('cache', 'create', 'team', '--quota', '1 GiB', '--key', 'a-1');
    expect(await run('cache', 'list')).toMatch(/^team +\/c\/team +0 +0 B +1\.0 GiB +no +a-1$/m);
    await run('cache', 'edit', 'team', '--private', '--quota', 'none');
    expect(await run('cache', 'show', 'team')).toMatch(/quota +none\nprivate +yes\npriority +40\nkeys +a-1/);
    const made = await run('cache', 'token', 'create', 'team', 'ci', '--expires', '1 d');
    expect(made).toMatch(/^proteus_cache_[\w-]{43}$/);
    expect(await run('cache', 'token', 'list', 'team')).toMatch(
      /^ +1 +ci +no +(?:just now|[\d.]+ s ago) +never +2/m,
    );
    await run('cache', 'token', 'revoke', 'team', '1');
    expect(await run('cache', 'token', 'list', 'team')).toBe('no tokens');

    const fail = async (...args: readonly string[]): Promise<string> => {
      const { code, stderr } = await proteus([...args, ...where()]);
      expect(code).toBeGreaterThan(0);
      return stderr;
    };
    expect(await fail('cache', 'create', 'team')).toContain("there is a cache named 'team' already");
    expect(await fail('cache', 'create', '../x')).toContain('wanted a name of up to 64 lower-case letters');
    expect(await fail('cache', 'show', 'other')).toContain("there is no cache 'other', only main, team");
    expect(await fail('cache', 'delete', 'main')).toContain('cannot be deleted');
    expect(await fail('cache', 'edit', 'main', '--private')).toContain('only the quota is set here');
    expect(await fail('cache', 'pin', 'team', 'x', app)).toContain('does not have');
    expect(await fail('cache', 'unpin', 'team', 'x')).toContain("has no pin 'x'");
    expect(await fail('cache', 'token', 'revoke', 'team', '9')).toContain('has no token 9');
    await run('cache', 'delete', 'team');
    expect(await fail('cache', 'show', 'team')).toContain("there is no cache 'team'");
  });

  it('pin what a cache has', async () => {
    await using started = await server();
    const token = await run('cache', 'token', 'create', 'team', 'ci', '--push');
    await proteus(['cache', 'push', app, '--to', started.team], { env: { PROTEUS_CACHE_TOKEN: token } });
    await run('cache', 'pin', 'team', 'release', app);
    expect(await run('cache', 'show', 'team')).toMatch(new RegExp(`release +${app} +never`));
    await run('cache', 'unpin', 'team', 'release');
    expect(await run('cache', 'show', 'team')).toContain('no pins');
  });
});
