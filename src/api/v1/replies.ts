/** Answers as the description of the API has them: JSON of a schema, and the errors that any route may give. */

import type { z } from 'zod';
import { errorReply } from './schemas/error.ts';

export function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

export const body = <T extends z.ZodType>(schema: T) => ({
  content: { 'application/json': { schema } },
});

const error = (description: string) => json(errorReply, description);

export const errors = {
  400: error('Something of the request is not in the form that is wanted.'),
  401: error('The token is not known.'),
  403: error('The caller may not do that, or must sign in.'),
  404: error('There is no such thing.'),
};
