/**
 * What a request says, as one object: JSON or a form in its body, else its query. As with Hydra a body without a type
 * is JSON when the client accepts JSON.
 */

import { AppError } from '../../util/app-error.ts';
import { errorMessage } from '../../util/error-message.ts';
import type { ApiContext } from '../api-deps.ts';
import { readBody } from './read-body.ts';
import { acceptsJson, mediaType } from './wants-json.ts';

export type Params = Readonly<Record<string, unknown>>;

const maxDepth = 64;

/** Throws `api.invalid`, `api.too-large`. */
export async function readParams(c: ApiContext): Promise<Params> {
  const body = await readBody(c.req.raw);
  const params = body.length === 0 ? {} : await parseBody(c, body);
  return Object.keys(params).length === 0 ? c.req.query() : params;
}

async function parseBody(c: ApiContext, body: Buffer): Promise<Params> {
  const header = c.req.header('Content-Type');
  const type =
    header === undefined && acceptsJson(c.req.header('Accept') ?? '') ? 'application/json' : header;
  switch (mediaType(type ?? '')) {
    case 'application/json':
    case 'text/x-json':
      return parseJsonObject(body);
    case 'application/x-www-form-urlencoded':
      return Object.fromEntries(new URLSearchParams(body.toString()));
    case 'multipart/form-data':
      return parseMultipart(body, header ?? '');
    default:
      throw new AppError(
        'api.invalid',
        `wanted a body of type application/json or application/x-www-form-urlencoded, got ${type ?? 'one without a type'}`,
      );
  }
}

/** Throws `api.invalid` also for nesting that no request of ours has. */
export function parseJsonObject(body: Buffer): Params {
  const text = body.toString();
  if (isTooDeep(text))
    throw new AppError('api.invalid', `wanted JSON of at most ${maxDepth} levels, got deeper`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AppError('api.invalid', `wanted JSON in the body: ${errorMessage(cause)}`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AppError('api.invalid', 'wanted a JSON object in the body, got another value');
  }
  return { ...value };
}

function isTooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (inString) {
      if (character === '\\') at += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '[' || character === '{') depth += 1;
    else if (character === ']' || character === '}') depth -= 1;
    if (depth > maxDepth) return true;
  }
  return false;
}

async function parseMultipart(body: Buffer, type: string): Promise<Params> {
  try {
    const form = await new Response(new Uint8Array(body), { headers: { 'Content-Type': type } }).formData();
    return Object.fromEntries([...form].filter(([, value]) => typeof value === 'string'));
  } catch (cause) {
    throw new AppError('api.invalid', `wanted a form in the body: ${errorMessage(cause)}`, { cause });
  }
}
