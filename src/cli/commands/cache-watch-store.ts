/** `proteus cache watch-store`: uploads whatever becomes valid in the local store, until interrupted. */

import { createHash } from 'node:crypto';
import path from 'node:path';
import { positionFile } from '../../cache/push/position-file.ts';
import { watchStore } from '../../cache/push/watch-store.ts';
import { formatBytes } from '../../util/format-bytes.ts';
import { pause } from '../../util/pause.ts';
import { type CacheTargetFlags, cacheTarget, withCacheTarget } from '../caches/cache-target.ts';
import { openPusher } from '../caches/open-pusher.ts';
import type { CommandModule } from '../command-module.ts';
import { type CliContext, printResult, say } from '../context.ts';
import { stateDirectory } from '../state-directory.ts';

interface Flags extends CacheTargetFlags {
  readonly all?: boolean;
  readonly once?: boolean;
}

export const define: CommandModule['define'] = (command, run) => {
  withCacheTarget(command)
    .option('--all', 'the first time, begin with everything that is in the store')
    .option('--once', 'upload what is new since the last time, and end')
    .addHelpText(
      'after',
      `
How far it came is kept in ~/.local/state/proteus/watch-store, per cache; after a restart it goes on from there.
Derivations are left out.

Examples:
  proteus cache watch-store --to https://ci.example.org/c/team --token-file team.token
  proteus cache watch-store --to http://ci:3000/c/team --token-file team.token --all --once
`,
    )
    .action((flags: Flags) => {
      run((context) => watch(context, flags));
    });
};

async function watch(context: CliContext, flags: Flags): Promise<number> {
  const { signal, emit } = context;
  const target = await cacheTarget(context, flags);
  await using pusher = await openPusher(context, target);
  const name = createHash('sha256').update(target.url).digest('hex').slice(0, 32);
  const sum = { paths: 0, bytes: 0 };
  if (flags.once !== true) say(context, `uploading to ${target.url} what becomes valid in the store`);
  await watchStore({
    database: pusher.database,
    push: (infos) => pusher.push(infos),
    position: positionFile(path.join(stateDirectory(context.env), 'watch-store', name)),
    fromTheStart: flags.all === true,
    once: flags.once === true,
    wait: (ms) => pause(ms, signal),
    onResult({ paths, bytes }) {
      sum.paths += paths;
      sum.bytes += bytes;
    },
    onAway: (error) =>
      emit({ type: 'message', level: 'warning', text: error.message, hint: 'it is tried again' }),
    signal,
  });
  printResult(context, `sent ${sum.paths} paths (${formatBytes(sum.bytes)}) to ${target.url}`, {
    to: target.url,
    ...sum,
  });
  return 0;
}
