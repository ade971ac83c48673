/** Users, for administrators. */

import { z } from 'zod';

export const user = z
  .object({
    name: z.string(),
    fullName: z.string().nullable(),
    email: z.string(),
    emailOnError: z.boolean(),
    type: z.string(),
    publicDashboard: z.boolean(),
    roles: z.array(z.string()),
    hasPassword: z.boolean(),
  })
  .meta({ id: 'User' });

const line = z
  .string()
  .max(1000)
  .refine((text) => !/\p{Cc}/u.test(text), 'wanted no control characters');

export const userChange = z.strictObject({
  renameFrom: line.optional().meta({ description: 'The user of this name gets the one in the address.' }),
  type: z.enum(['hydra', 'google', 'github']).optional(),
  fullName: line.nullable().optional().meta({ description: 'Null takes it away; left out, it stays.' }),
  email: line.optional(),
  passwordHash: line.optional().meta({
    description:
      'Argon2id in PHC form, or an old SHA-1; `!` takes the password away. Never a password itself.',
  }),
  wipeRoles: z.boolean().default(false),
  roles: z.array(line).max(100).default([]).meta({ description: 'To be added.' }),
});

export const savedUser = z.object({ user, done: z.enum(['made', 'changed', 'renamed']) });
