import type { z } from 'zod';
import { configSchema, configSections, keyDocs } from '../../src/config/config-schema.ts';
import { defaultConfigFile } from '../../src/config/load-config.ts';

/** docs/reference/configuration.md, from the schema of the configuration. */
export function renderConfigurationReference(): string {
  const top = Object.entries(configSchema.shape).filter(([name]) => !Object.hasOwn(configSections, name));
  const sections = Object.entries(configSections).map(
    ([name, section]) => `## [${name}]\n\n${sectionText(section)}\n\n${table(Object.entries(section.shape))}`,
  );
  return `# Configuration

\`proteus serve\` and the commands that work on its data read \`${defaultConfigFile}\`, or the TOML file that
\`--config\` names. Flags hold over the file. Keys that are not listed here are refused. Made from
\`src/config/config-schema.ts\` by \`npm run docs\`.

${table(top)}
${sections.join('\n')}`;
}

function sectionText(section: z.ZodType): string {
  return keyDocs.get(section)?.text ?? '';
}

function table(keys: readonly (readonly [string, z.ZodType])[]): string {
  const rows = keys.map(([name, schema]) => {
    const doc = keyDocs.get(schema);
    return `| \`${name}\` | ${doc?.text} | ${doc?.form} | ${doc?.default} |`;
  });
  return `| key | what it does | value | default |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
}
