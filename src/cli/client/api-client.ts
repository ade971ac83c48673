/**
 * Requests to a Proteus server. What it answers is checked against the schema of the resource; what it refuses comes
 * with its own words and hint.
 */

import { z } from 'zod';
import { AppError } from '../../util/app-error.ts';
import type { ErrorCode } from '../../util/error-catalogue.ts';
import { errorMessage } from '../../util/error-message.ts';
import { isErrorCode } from '../../util/is-error-code.ts';
import { parseJson } from '../../util/parse-json.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface ApiClient {
  /** Without a slash at its end. */
  readonly url: string;
  /** `path` begins with a slash. Throws `server.…`, or the server's own code. */
  get<T>(path: string, schema: z.ZodType<T>): Promise<T>;
  send<T>(method: Method, path: string, body: unknown, schema: z.ZodType<T>): Promise<T>;
  /** The body as it comes, e.g. a log or the event stream; `signal` ends it before the client's own does. */
  open(
    path: string,
    headers?: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>>;
}

export interface ApiClientOptions {
  readonly url: string;
  readonly token: string | undefined;
  readonly signal: AbortSignal;
  readonly fetch?: typeof fetch;
}

const refusalSchema = z.object({
  error: z.string(),
  code: z.string().optional(),
  hint: z.string().optional(),
});

export function createApiClient(options: ApiClientOptions): ApiClient {
  const { token } = options;
  const url = options.url.replace(/\/+$/, '');
  const run = options.fetch ?? fetch;

  const request = async (
    method: Method,
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
    signal: AbortSignal = options.signal,
  ): Promise<Response> => {
    let response: Response;
    try {
      response = await run(url + path, {
        method,
        signal,
        headers: {
          accept: 'application/json',
          // Servers take what changes something only from their own pages, or from who says that he is none.
          origin: new URL(url).origin,
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (cause) {
      if (signal.aborted) throw new AppError('interrupted', `interrupted: ${method} ${path}`, { cause });
      const why = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause;
      throw new AppError('server.unreachable', `no server answers at ${url}: ${errorMessage(why)}`, {
        cause,
      });
    }
    if (!response.ok) throw await refusal(response, `${method} ${path}`, token !== undefined);
    return response;
  };

  const read = async <T>(response: Response, schema: z.ZodType<T>, what: string): Promise<T> => {
    const text = await response.text();
    const parsed = schema.safeParse(text === '' ? undefined : parseJson(text));
    if (parsed.success) return parsed.data;
    throw new AppError(
      'server.answer',
      `${url} answered ${what} with something else than was wanted: ${z.prettifyError(parsed.error)}`,
    );
  };

  return {
    url,
    get: async (path, schema) => read(await request('GET', path, undefined), schema, `GET ${path}`),
    send: async (method, path, body, schema) =>
      read(await request(method, path, body), schema, `${method} ${path}`),
    async open(path, headers, signal = options.signal) {
      const both = signal === options.signal ? signal : AbortSignal.any([signal, options.signal]);
      const { body } = await request('GET', path, undefined, headers, both);
      return body ?? emptyBody();
    },
  };
}

async function* emptyBody(): AsyncGenerator<Uint8Array> {}

/** Under Hydra's addresses errors carry no code of ours. */
const codes: Readonly<Record<number, ErrorCode>> = {
  400: 'api.invalid',
  401: 'api.token-invalid',
  403: 'api.forbidden',
  404: 'api.not-found',
  409: 'api.conflict',
};
const howToSignIn =
  'Give a token with --token-file or PROTEUS_TOKEN; `proteus token create NAME --user USER` makes one where the server runs.';

/** The server's own words as our error. */
async function refusal(response: Response, what: string, hasToken: boolean): Promise<AppError> {
  const { status } = response;
  const text = await response.text().catch(() => '');
  const said = refusalSchema.safeParse(parseJson(text));
  if (!said.success) {
    return new AppError('server.answer', `${what} was answered with HTTP status ${status}`);
  }
  const { error, code = '' } = said.data;
  const isRefused = status === 401 || status === 403;
  const hint = isRefused && !hasToken ? howToSignIn : said.data.hint;
  const known = isErrorCode(code) ? code : (codes[status] ?? 'server.refused');
  return new AppError(known, error.trimEnd(), hint === undefined ? {} : { hint });
}
