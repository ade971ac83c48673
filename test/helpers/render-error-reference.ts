import { errorCatalogue } from '../../src/util/error-catalogue.ts';

/** docs/reference/errors.md, from the catalogue of errors. */
export function renderErrorReference(): string {
  const rows = Object.entries(errorCatalogue)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([code, { sentence, status, exit, hint }]) =>
        `| \`${code}\` | ${sentence} | ${hint} | ${exit} | ${status} |`,
    );
  return `# Errors

Every failure carries one of these codes. The message that comes with it names what was wanted, what came and
where. Made from \`src/util/error-catalogue.ts\` by \`npm run docs\`.

| code | what went wrong | what to do | exit code | HTTP status |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}
