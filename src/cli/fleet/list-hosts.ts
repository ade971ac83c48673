/** The hosts that a server knows, page after page. */

import type { z } from 'zod';
import { pageOf } from '../../api/v1/schemas/paging.ts';
import { host as hostSchema } from '../../api/v1/schemas/rollout.ts';
import type { ApiClient } from '../client/api-client.ts';

export async function listHosts(
  client: Pick<ApiClient, 'get'>,
  project: string | undefined,
): Promise<readonly z.output<typeof hostSchema>[]> {
  const query = project === undefined ? '' : `&project=${encodeURIComponent(project)}`;
  const hosts: z.output<typeof hostSchema>[] = [];
  for (let next: number | null = 0; next !== null; ) {
    const page: z.output<ReturnType<typeof pageOf<typeof hostSchema>>> = await client.get(
      `/api/v1/hosts?limit=1000&offset=${next}${query}`,
      pageOf(hostSchema),
    );
    hosts.push(...page.items);
    next = page.next;
  }
  return hosts;
}
