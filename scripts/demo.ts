/**
 * `npm run demo`: the whole story on this machine, with real parts. A Morph network in git is built by this machine
 * and a lab builder, eiffel for aarch64; a signed binary cache serves the results; two lab hosts get them, db before
 * web; a stock Nix client takes eiffel's closure from the cache with nothing but the public key, and is refused with
 * another key. Runs inside scripts/in-lab, which takes everything down at the end, however that comes about.
 */

import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { runProcess } from '../src/process/run-process.ts';
import { type Argv, type RunningProcess, startProcess } from '../src/process/start-process.ts';
import { formatDuration } from '../src/util/format-duration.ts';
import { copyExampleNetwork } from '../test/lab/copy-example-network.ts';
import { emulateAarch64 } from '../test/lab/emulation.ts';
import { createLab } from '../test/lab/lab.ts';
import type { LabHost } from '../test/lab/lab-host.ts';
import { chapter, type DemoRow, printTable, showCommand, tell } from './demo-output.ts';

const repository = path.join(import.meta.dirname, '..');
const keep = process.argv.includes('--keep');
const started = Date.now();
const rows: DemoRow[] = [];

await using stack = new AsyncDisposableStack();
const work = await mkdtemp('/nix/var/demo.');
stack.defer(() => rm(work, { recursive: true, force: true }));

chapter('A Morph network, kept in git');
const network = await makeRepository();

chapter('Two hosts, a builder, and emulation of aarch64');
const emulated = await tryEmulation();
const lab = stack.use(await createLab());
const [web01, db01, builder] = await Promise.all([
  lab.addHost('web01'),
  lab.addHost('db01'),
  lab.addHost('builder', { nixConf: emulated ? { 'extra-platforms': 'aarch64-linux' } : {} }),
]);
for (const host of [web01, db01, builder]) tell(`${host.name} answers at ${host.address}`);

chapter('A key of our own');
const keyFile = path.join(work, 'cache.secret');
const publicKey = (await proteus(['key', 'generate', 'demo-1', '--secret', keyFile])).trim();
tell(`public key: ${publicKey}`);

chapter('Build every machine');
const logs = path.join(work, 'logs');
const built = await proteus(
  ['build', network, '--builders', builderLine(builder), '--build-logs', logs, '--workers', '2'],
  { okCodes: emulated ? [0] : [0, 1] },
);
const result = built.trim();
if (result === '') throw new Error('not one machine could be built; why is said above');
tell(`result: ${result}`);
const toplevels = await readLinks(result);
rows.push({ what: 'built', result: [...toplevels.keys()].join(', ') });
const eiffel = toplevels.get('eiffel');
if (eiffel !== undefined) rows.push({ what: 'eiffel was built by', result: await whoBuiltEiffel(logs) });

chapter('Serve it as a signed binary cache');
const cache = stack.use(await startCache(keyFile));
tell(`listening at ${cache.url}`);

chapter('Roll it out: db before web');
await proteus(['deploy', network, 'switch', '--on', '{db,web}01', '--builders', builderLine(builder)], {
  env: { SSH_CONFIG_FILE: lab.sshConfigFile() },
});
await checkRollout([db01, web01]);

if (eiffel !== undefined) {
  chapter('A stock Nix client takes eiffel’s closure, with the public key and nothing else');
  await checkClient(cache.url, eiffel);
}

rows.push({ what: 'time', result: formatDuration(Date.now() - started) });
printTable(rows);
if (!emulated)
  process.stdout.write(
    '\neiffel was left out, because this kernel cannot be taught to run aarch64 programs\n',
  );
process.stdout.write('\ndemo: ok\n');
if (keep) {
  process.stdout.write(`\nThe cache stays up at ${cache.url} ; end it with Ctrl-C.\n`);
  process.stdout.write(`Try: curl ${cache.url}/nix-cache-info\n`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
}

async function makeRepository(): Promise<string> {
  const folder = path.join(work, 'network');
  await copyExampleNetwork(folder);
  const git = async (...words: readonly string[]): Promise<string> =>
    (
      await runProcess([
        'git',
        '-c',
        'user.name=demo',
        '-c',
        'user.email=demo@localhost',
        '-C',
        folder,
        ...words,
      ])
    ).stdout;
  await git('init', '--quiet', '--initial-branch=main');
  await git('add', '.');
  await git('commit', '--quiet', '--message=A network of three machines');
  const commit = (await git('log', '-1', '--format=%h %s')).trim();
  tell(`commit ${commit}`);
  rows.push({ what: 'network in git', result: commit });
  return path.join(folder, 'network.nix');
}

/** False, with the reason told, where the kernel does not let us. */
async function tryEmulation(): Promise<boolean> {
  try {
    const { how } = stack.use(await emulateAarch64());
    tell(`aarch64 programs run here (${how === 'ours' ? 'registered for this demonstration' : how})`);
    return true;
  } catch (error) {
    tell(`aarch64 programs do not run here: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

/** A line of Nix's machines file: everything the coordinator needs, also the key the builder must show. */
function builderLine(host: LabHost): string {
  const systems = emulated ? 'x86_64-linux,aarch64-linux' : 'x86_64-linux';
  const hostKey = Buffer.from(host.hostKey).toString('base64');
  return `ssh-ng://root@${host.address} ${systems} ${lab.identityFile} 2 1 - - ${hostKey}`;
}

async function proteus(
  words: readonly string[],
  options: { readonly okCodes?: readonly number[]; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  await using child = await startProteus(words, options.env);
  child.stdin.end();
  child.stderr.pipe(process.stdout, { end: false });
  let stdout = '';
  for await (const chunk of child.stdout) stdout += String(chunk);
  const { code } = await child.exited;
  if (code === null || !(options.okCodes ?? [0]).includes(code))
    throw new Error(`proteus ${words[0]} ended with ${code}`);
  return stdout;
}

function startProteus(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<RunningProcess> {
  showCommand(['proteus', ...words.map((word) => word.replace(/ [A-Za-z0-9+/=]{60,}/, ' …'))]);
  const argv: Argv = [path.join(repository, 'bin/proteus'), ...words];
  return startProcess(argv, { env: { ...process.env, ...env } });
}

async function startCache(secret: string): Promise<AsyncDisposable & { readonly url: string }> {
  const child = await startProteus(['cache', 'serve', '--key', secret, '--listen', '127.0.0.1:0', '--json']);
  child.stderr.resume();
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as { readonly type: string; readonly url?: string }; // printed by ourselves
    if (event.type === 'cache.listening' && event.url !== undefined) {
      return { url: event.url, [Symbol.asyncDispose]: () => child.kill() };
    }
  }
  throw new Error('the cache ended before it listened');
}

async function readLinks(folder: string): Promise<ReadonlyMap<string, string>> {
  const names = await readdir(folder);
  const links = await Promise.all(
    names.map(
      async (name) => [name, (await runProcess(['readlink', `${folder}/${name}`])).stdout.trim()] as const,
    ),
  );
  return new Map(links);
}

/** What `uname -m` said in eiffel's own build. */
async function whoBuiltEiffel(folder: string): Promise<string> {
  const files = await readdir(folder, { recursive: true });
  const own = files.filter((file) => /nixos-system-eiffel.*\.log$/.test(file));
  const texts = await Promise.all(own.map((file) => readFile(path.join(folder, file), 'utf8')));
  if (!texts.some((text) => text.includes('aarch64'))) {
    throw new Error(`the build log of eiffel does not say aarch64:\n${texts.join('\n')}`);
  }
  return 'an aarch64 program (its build log says so)';
}

async function checkRollout(order: readonly LabHost[]): Promise<void> {
  let before = 0;
  for (const host of order) {
    const record = (await host.systemLog()).at(-1);
    const wanted = toplevels.get(host.name);
    if (record?.action !== 'switch' || record.toplevel !== wanted || record.time < before) {
      throw new Error(`${host.name} did not switch to ${wanted} in its turn: ${JSON.stringify(record)}`);
    }
    before = record.time;
    rows.push({ what: `${host.name} runs`, result: path.basename(record.toplevel) });
  }
}

async function checkClient(url: string, toplevel: string): Promise<void> {
  const copy = (store: string, key: string): Argv => [
    ...([
      'nix',
      '--extra-experimental-features',
      'nix-command',
      'copy',
      '--from',
      url,
      '--to',
      `${work}/${store}`,
    ] as const),
    ...['--option', 'require-sigs', 'true', '--option', 'trusted-public-keys', key, toplevel],
  ];
  showCommand(copy('client', publicKey).map((word) => word.replace(work, '/tmp')));
  await runProcess(copy('client', publicKey));
  const { stdout } = await runProcess([
    'nix-store',
    '--store',
    `${work}/client`,
    '--query',
    '--requisites',
    toplevel,
  ]);
  const paths = stdout.trim().split('\n').length;
  tell(`${paths} paths arrived, every one signed`);
  rows.push({ what: 'client with the key', result: `took eiffel’s closure, ${paths} paths` });

  const other = (
    await runProcess([
      'nix',
      '--extra-experimental-features',
      'nix-command',
      'key',
      'generate-secret',
      '--key-name',
      'other-1',
    ])
  ).stdout;
  const wrongKey = (
    await runProcess(
      ['nix', '--extra-experimental-features', 'nix-command', 'key', 'convert-secret-to-public'],
      { input: other },
    )
  ).stdout.trim();
  const refused = await runProcess(copy('stranger', wrongKey), { okCodes: [0, 1] });
  const reason = refused.stderr.split('\n').find((line) => /signature|signed/.test(line));
  if (refused.code === 0 || reason === undefined) {
    throw new Error(`a client with another key was not refused: ${refused.stderr}`);
  }
  tell(`with another key: ${reason.trim()}`);
  rows.push({ what: 'client with another key', result: 'refused' });
}
