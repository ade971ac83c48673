/** The program: turns on the compile cache, so that a command starts in a fraction of the time, and runs the CLI. */

import { enableCompileCache } from 'node:module';

enableCompileCache();
const { runCli } = await import('./cli/run-cli.ts');
process.exitCode = await runCli(process.argv.slice(2), process);
