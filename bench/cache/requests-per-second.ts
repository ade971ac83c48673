/** How many requests a second a server answers, as `wrk` finds it over many different paths. */

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { runProcess } from '../../src/process/run-process.ts';

/** The script that asks for each of these paths in turn. */
export async function writeRequests(
  folder: string,
  name: string,
  hashParts: readonly string[],
): Promise<string> {
  const list = path.join(folder, `${name}.txt`);
  const script = path.join(folder, `${name}.lua`);
  await writeFile(list, hashParts.join('\n'));
  await writeFile(
    script,
    // wrk knows the Host header only when it begins.
    `local paths = {}
init = function()
  for line in io.lines('${list}') do paths[#paths + 1] = wrk.format('GET', '/' .. line .. '.narinfo') end
end
local at = 0
request = function() at = at % #paths + 1; return paths[at] end
`,
  );
  return script;
}

/** Throws when the answers are not the expected ones: 200 for hits, else something else. */
export async function requestsPerSecond(
  url: string,
  script: string,
  { hits = true, connections = 32, seconds = 3 } = {},
): Promise<{ readonly perSecond: number; readonly count: number }> {
  const { stdout } = await runProcess(['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '-s', script, url]);
  const count = /(\d+) requests in /.exec(stdout)?.[1];
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1];
  if (rate === undefined || count === undefined) throw new Error(`wrk said no rate: ${stdout}`);
  const others = /Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1];
  if (/Socket errors/.test(stdout) || (others === undefined) !== hits) {
    throw new Error(`wanted ${hits ? 'hits' : 'misses'} of ${url}, got: ${stdout}`);
  }
  return { perSecond: Number(rate), count: Number(count) };
}
