/** `npm run docs`: writes the pages of docs/reference that are made from the source. A test fails when they are old. */

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { renderConfigurationReference } from '../test/helpers/render-configuration-reference.ts';
import { renderErrorReference } from '../test/helpers/render-error-reference.ts';

const reference = path.join(import.meta.dirname, '../docs/reference');
writeFileSync(path.join(reference, 'errors.md'), renderErrorReference());
writeFileSync(path.join(reference, 'configuration.md'), renderConfigurationReference());
