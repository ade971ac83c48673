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
    `local paths = {}
for line in io.lines('${list}') do paths[#paths + 1] = wrk.format('GET', '/' .. line .. '.narinfo') end
local at = 0
request = function() at = at % #paths + 1; return paths[at] end
`,
  );
  return script;
}

export async function requestsPerSecond(
  url: string,
  script: string,
  { connections = 32, seconds = 3 } = {},
): Promise<number> {
  const { stdout } = await runProcess(['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '-s', script, url]);
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1];
  if (rate === undefined) throw new Error(`wrk said no rate: ${stdout}`);
  return Number(rate);
}
