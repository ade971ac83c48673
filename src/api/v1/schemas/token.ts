import { z } from 'zod';

export const token = z
  .object({
    id: z.int(),
    user: z.string(),
    name: z.string(),
    createdAt: z.int(),
    lastUsedAt: z.int().nullable(),
    expiresAt: z.int().nullable().meta({ description: 'Null: never.' }),
  })
  .meta({ id: 'Token' });

export const newTokenRequest = z.object({
  name: z
    .string()
    .min(1)
    .max(100)
    .refine((text) => !/\p{Cc}/u.test(text), 'wanted a name without control characters')
    .meta({ description: 'For people: what it is for.' }),
  expiresAt: z.int().positive().nullable().default(null),
});

export const newTokenReply = z.object({
  token,
  secret: z.string().meta({ description: 'Told this once, and kept nowhere.' }),
});
