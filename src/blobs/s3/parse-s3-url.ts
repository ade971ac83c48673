/**
 * The address of blobs in S3, in the form that Nix has for caches there: `s3://BUCKET[/PREFIX]?endpoint=…&region=…`, and
 * besides `timeout=…`, in seconds. Keys come from the environment, so that they stand in no file and on no command line.
 */

import { AppError } from '../../util/app-error.ts';

export interface S3Place {
  /** With its scheme, without a slash at its end. */
  readonly endpoint: string;
  readonly bucket: string;
  /** What all keys begin with: empty, or with a slash at its end. */
  readonly prefix: string;
  readonly region: string;
  /** How long it may say nothing when something is waited for. */
  readonly timeoutMs: number;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const form = 's3://BUCKET[/PREFIX][?endpoint=URL][&region=REGION][&timeout=SECONDS]';
const defaultTimeout = '20';
const parameterNames = new Set(['endpoint', 'region', 'timeout']);
const prefixForm = /^(?:[a-z0-9][a-z0-9._-]*\/)*$/;

/** Throws `config.invalid`. */
export function parseS3Url(text: string, env: Readonly<Record<string, string | undefined>>): S3Place {
  const refuse = (problem: string): AppError =>
    new AppError('config.invalid', `wanted ${form}, got '${text}': ${problem}`);
  const [, bucket, path = '', query = ''] =
    /^s3:\/\/([a-z0-9][a-z0-9.-]+)((?:\/[^?]*)?)(?:\?(.*))?$/.exec(text) ?? [];
  if (bucket === undefined) throw refuse('it names no bucket');
  const trimmed = path.replace(/^\/+|\/+$/g, '');
  const prefix = trimmed === '' ? '' : `${trimmed}/`;
  if (!prefixForm.test(prefix))
    throw refuse('a prefix has lower-case letters, digits, and . - _ between slashes');
  const parameters = new URLSearchParams(query);
  for (const name of parameters.keys()) {
    if (!parameterNames.has(name)) throw refuse(`${name} is not known`);
  }
  const region = parameters.get('region') ?? 'us-east-1';
  const given = parameters.get('endpoint') ?? `s3.${region}.amazonaws.com`;
  const endpoint = (given.includes('://') ? given : `https://${given}`).replace(/\/+$/, '');
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint))
    throw refuse('its endpoint is no http or https URL');
  const timeout = parameters.get('timeout') ?? defaultTimeout;
  if (!/^[1-9]\d{0,3}$/.test(timeout)) throw refuse('its timeout is no number of seconds from 1 to 9999');
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = env;
  if (accessKeyId === '' || secretAccessKey === '') {
    throw new AppError(
      'config.invalid',
      `wanted AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment for ${text}, and they are not there`,
    );
  }
  return {
    endpoint,
    bucket,
    prefix,
    region,
    timeoutMs: Number(timeout) * 1000,
    accessKeyId,
    secretAccessKey,
  };
}
