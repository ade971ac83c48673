/** `proteus cache serve` in a process of its own, for tests: reachable from hosts of the lab, with a key made for it. */

import path from 'node:path';
import { createInterface } from 'node:readline';
import { proteus, startProteus } from './proteus.ts';
import { makeFolder } from './write-network.ts';

export interface TestCache extends AsyncDisposable {
  readonly port: number;
  readonly publicKey: string;
  /** File of the secret key. */
  readonly secret: string;
}

export async function serveCache(name = 'lab-cache-1', flags: readonly string[] = []): Promise<TestCache> {
  const secret = path.join(await makeFolder(), 'secret');
  const publicKey = (await proteus(['key', 'generate', name, '--secret', secret])).stdout.trim();
  const child = await startProteus([
    ...['cache', 'serve', '--key', secret, '--listen', '0.0.0.0:0', '--json', ...flags],
  ]);
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += String(chunk);
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const { type, url } = JSON.parse(line) as { readonly type: string; readonly url: string }; // our own events
    if (type !== 'cache.listening') continue;
    return { port: Number(new URL(url).port), publicKey, secret, [Symbol.asyncDispose]: () => child.kill() };
  }
  throw new Error(`the cache did not start:\n${said}`);
}
