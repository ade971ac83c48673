/**
 * Where caches are made, shown and changed: on a server, by its address and an administrator's token, or in the database
 * of a server on this machine, which need not run.
 */

import { z } from 'zod';
import {
  cacheOverview,
  cachePin,
  cache as cacheSchema,
  cacheSummary,
  cacheToken,
  newCacheTokenReply,
} from '../../api/v1/schemas/cache.ts';
import { pageOf } from '../../api/v1/schemas/paging.ts';
import { type CacheAdmin, createCacheAdmin } from '../../cache/manage/cache-admin.ts';
import type { ApiClient } from '../client/api-client.ts';
import { connectToServer } from '../client/connect-to-server.ts';
import { type StoreFlags, worksOnServer } from '../client/works-on-server.ts';
import type { CliContext } from '../context.ts';
import { openDatabaseOf } from '../server/server-settings.ts';

/** Throws `usage.invalid`, and what connecting or opening the database throws. */
export async function openCacheAdmin(
  context: CliContext,
  flags: StoreFlags,
): Promise<CacheAdmin & AsyncDisposable> {
  if (worksOnServer(context, flags)) {
    return { ...serverAdmin(await connectToServer(context, flags)), async [Symbol.asyncDispose]() {} };
  }
  const database = await openDatabaseOf(context, flags);
  return {
    ...createCacheAdmin({ database, now: Date.now }),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

function serverAdmin(client: ApiClient): CacheAdmin {
  const all = '/api/v1/caches';
  const at = (...parts: readonly (string | number)[]): string =>
    [all, ...parts.map(encodeURIComponent)].join('/');
  const everything = async <T extends z.ZodType>(path: string, item: T): Promise<z.output<T>[]> => {
    const items: z.output<T>[] = [];
    const schema = pageOf(item);
    for (let offset: number | null = 0; offset !== null; ) {
      const page: z.output<typeof schema> = await client.get(`${path}?limit=1000&offset=${offset}`, schema);
      items.push(...page.items);
      offset = page.next;
    }
    return items;
  };
  return {
    list: () => everything(all, cacheSummary),
    show: (name) => client.get(at(name), cacheOverview),
    create: (name, change) => client.send('POST', all, { name, ...change }, cacheSchema),
    edit: (name, change) => client.send('PATCH', at(name), change, cacheSchema),
    delete: (name) => client.send('DELETE', at(name), undefined, cacheSchema),
    tokens: (cache) => everything(at(cache, 'tokens'), cacheToken),
    createToken: (cache, token) => client.send('POST', at(cache, 'tokens'), token, newCacheTokenReply),
    async revokeToken(cache, id) {
      await client.send('DELETE', at(cache, 'tokens', id), undefined, z.unknown());
    },
    pin: (cache, { name, path, expiresAt }) =>
      client.send('PUT', at(cache, 'pins', name), { path, expiresAt }, cachePin),
    async unpin(cache, name) {
      await client.send('DELETE', at(cache, 'pins', name), undefined, z.unknown());
    },
  };
}
