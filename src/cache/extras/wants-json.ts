/** True when the client would rather have JSON than a page: its `Accept` names it before HTML, or the query is `json`. */

import type { IncomingMessage } from 'node:http';

export function wantsJson(req: Pick<IncomingMessage, 'url' | 'headers'>): boolean {
  if (/\?json(?:[&=]|$)/.test(req.url ?? '')) return true;
  const accept = req.headers.accept ?? '';
  const json = accept.indexOf('application/json');
  const html = accept.indexOf('text/html');
  return json !== -1 && (html === -1 || json < html);
}
