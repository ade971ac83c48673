import { z } from 'zod';

/** What every address under `/api/v1` answers when it cannot do what was asked. */
export const errorReply = z
  .object({
    error: z.string().meta({ description: 'What was wanted, what came, and where.' }),
    code: z.string().meta({ description: 'From the catalogue in docs/reference/errors.md.' }),
    hint: z.string().meta({ description: 'What to do next.' }),
  })
  .meta({ id: 'Error' });
