/**
 * Describes the batch API of the cache at the root, which is answered before this application sees it: by the cache
 * itself, to whoever has a token of the cache.
 */

import {
  hashPartsRequest,
  missingReply,
  narInfosReply,
  publishReply,
  publishRequest,
} from '../../cache/upload/batch-schemas.ts';
import { body, errors, json } from './replies.ts';
import type { V1 } from './v1.ts';

const calls = [
  {
    path: '/cache/paths/missing',
    summary: 'Which paths the cache does not keep',
    request: hashPartsRequest,
    reply: json(missingReply, 'In the order asked.'),
  },
  {
    path: '/cache/paths',
    summary: 'Make paths of files that were put',
    request: publishRequest,
    reply: json(publishReply, 'All of them, or an error and none.'),
  },
  {
    path: '/cache/narinfo',
    summary: 'Many narinfos at once',
    request: hashPartsRequest,
    reply: json(narInfosReply, 'Signed.'),
  },
] as const;

export function describeCacheApi({ openAPIRegistry }: Pick<V1, 'openAPIRegistry'>): void {
  for (const { path, summary, request, reply } of calls) {
    openAPIRegistry.registerPath({
      method: 'post',
      path,
      summary,
      description: 'Named caches have the same below /c/NAME/api/v1.',
      request: { body: { ...body(request), required: true } },
      responses: { 200: reply, ...errors },
    });
  }
}
