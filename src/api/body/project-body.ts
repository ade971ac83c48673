/** What `PUT /project/P` is sent. It replaces everything: what is left out becomes empty. */

import { z } from 'zod';
import { projectName } from './names.ts';
import { presence, text } from './values.ts';

export const projectBody = z.object({
  /** Another name than the one in the address renames. */
  name: projectName.optional(),
  displayname: text.refine((value) => value !== '', 'wanted a display name'),
  description: text,
  homepage: text,
  /** Only an administrator's counts. */
  owner: z.string('wanted the name of a user').optional(),
  enabled: presence,
  visible: presence,
  enable_dynamic_run_command: presence,
  declarative: z
    .object({ file: text, type: text, value: text }, 'wanted an object with file, type and value')
    .nullish()
    .transform((value) => (value == null || value.file === '' ? null : value)),
});

export type ProjectBody = z.output<typeof projectBody>;
