/** The program: turns on the compile cache, so that a command starts in a fraction of the time, and runs the CLI. */

import { enableCompileCache } from 'node:module';

enableCompileCache();
// Whoever read our output may have gone (a closed terminal, `| head`): the work goes on all the same.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
const { runCli } = await import('./cli/run-cli.ts');
process.exitCode = await runCli(process.argv.slice(2), process);
