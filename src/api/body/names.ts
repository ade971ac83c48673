/** Names that may be given to things: Hydra's rules. */

import { z } from 'zod';

const name = (form: RegExp, wanted: string): z.ZodString =>
  z.string(wanted).max(255, 'wanted at most 255 characters').regex(form, wanted);

export const projectName = name(
  /^[A-Za-z_][A-Za-z0-9_-]*$/,
  'wanted a project name: letters, digits, - and _, a letter or _ first',
);

export const jobsetName = name(
  /^[A-Za-z_][A-Za-z0-9_.-]*$/,
  'wanted a jobset name: letters, digits, -, _ and ., a letter or _ first',
);

export const inputName = name(
  /^[A-Za-z][\w-]*$/,
  'wanted the name of an input: letters, digits, - and _, a letter first',
);

export const userName = name(
  /^[a-z][a-z0-9_.@+-]*$/,
  'wanted a user name: small letters, digits, -, _, ., + and @, a letter first',
);
