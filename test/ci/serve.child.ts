/**
 * A loop as a process of its own, so that it can be killed: options as JSON in the first argument, commands as JSON
 * lines on standard input, events as JSON lines on standard output.
 */

import { createInterface } from 'node:readline';
import { z } from 'zod';
import { startServer } from './server.ts';

const optionsSchema = z.object({
  directory: z.string(),
  databaseUrl: z.string(),
  slots: z.number().optional(),
});

const commandSchema = z.union([
  z.object({ trigger: z.number(), force: z.boolean().optional() }),
  z.object({ restart: z.array(z.number()) }),
  z.object({ apply: z.literal(true) }),
]);

export type ServeCommand = z.input<typeof commandSchema>;

const say = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const { slots, ...options } = optionsSchema.parse(JSON.parse(process.argv[2] ?? ''));
const { ci } = await startServer({ ...options, ...(slots === undefined ? {} : { slots }) }, say);
say({ type: 'ready' });

for await (const line of createInterface({ input: process.stdin })) {
  const command = commandSchema.parse(JSON.parse(line));
  if ('trigger' in command) await ci.evaluations.trigger(command.trigger, { force: command.force ?? false });
  else if ('restart' in command) await ci.builds.restart(command.restart);
  else await ci.retention.apply();
}
await ci[Symbol.asyncDispose]();
process.exit();
