import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openTestApi } from '../testing/test-api.ts';

const operation = z.object({
  summary: z.string(),
  parameters: z
    .array(
      z.object({
        name: z.string(),
        in: z.string(),
        required: z.boolean().optional(),
        schema: z.looseObject({}),
      }),
    )
    .default([]),
  responses: z.record(z.string(), z.unknown()),
});
const description = z.object({
  openapi: z.string(),
  info: z.object({ version: z.string() }),
  paths: z.record(z.string(), z.partialRecord(z.enum(['get', 'post', 'put', 'patch', 'delete']), operation)),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
});

describe('/api/openapi.json', () => {
  it('is valid OpenAPI 3.1', async () => {
    await using api = await openTestApi();
    const answer = z.record(z.string(), z.unknown()).parse(await api.json('/api/openapi.json'));

    expect(await new Validator().validate(answer)).toEqual({ valid: true });
    expect(answer).toMatchObject({
      openapi: '3.1.0',
      info: { version: '1.2.3' },
    });
  });

  it('describes every address there is', async () => {
    await using api = await openTestApi();
    const { paths } = description.parse(await api.json('/api/openapi.json'));
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const served = api.app.routes
      .filter(({ path, method }) => path.startsWith('/api/v1/') && method !== 'ALL')
      .map(
        ({ path, method }) =>
          `${method} ${path.slice('/api/v1'.length).replace(/:(\w+)(?:\{[^}]*\})?/g, '{$1}')}`,
      );

    // The cache answers these itself, before the API is asked.
    const ofCache = ['POST /cache/narinfo', 'POST /cache/paths', 'POST /cache/paths/missing'];
    expect(described.sort()).toEqual([...new Set([...served, ...ofCache])].sort());
    expect(described).toHaveLength(51);
  });

  it('says that numbers are numbers, and which parameters must be there', async () => {
    await using api = await openTestApi();
    const { paths } = description.parse(await api.json('/api/openapi.json'));

    expect(paths['/builds/{id}/steps']?.get?.parameters).toEqual([
      expect.objectContaining({
        name: 'id',
        in: 'path',
        required: true,
        schema: expect.objectContaining({ type: 'integer' }),
      }),
      expect.objectContaining({
        name: 'limit',
        in: 'query',
        schema: expect.objectContaining({ type: 'integer', minimum: 1, maximum: 1000, default: 100 }),
      }),
      expect.objectContaining({ name: 'offset', in: 'query' }),
    ]);
  });

  it('names the schemas that are used in many places', async () => {
    await using api = await openTestApi();
    const text = await (await api.request('/api/openapi.json')).text();
    // A flag of a regular expression has no place in JSON Schema.
    expect(text).not.toContain('$/u');
    const { components } = description.parse(await api.json('/api/openapi.json'));

    expect(Object.keys(components.schemas).sort()).toEqual(
      expect.arrayContaining(['Build', 'Builder', 'Error', 'Evaluation', 'Step', 'Token', 'WaitReason']),
    );
  });
});

describe('what is not in the API', () => {
  it('is answered with JSON, too', async () => {
    await using api = await openTestApi();
    const response = await api.request('/api/v1/nosuch', { headers: { Accept: 'text/html' } });

    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({
      error: 'Page not found.',
      code: 'api.not-found',
      hint: expect.any(String),
    });
  });
});
