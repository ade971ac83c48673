/** `npm run docs`: writes the pages of docs/reference that are made from the source. A test fails when they are old. */

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { renderErrorReference } from '../test/helpers/render-error-reference.ts';

writeFileSync(path.join(import.meta.dirname, '../docs/reference/errors.md'), renderErrorReference());
