/** `proteus host cordon HOST…`: leaves hosts out of rollouts, of a server or of this command line. */

import type { z } from 'zod';
import { host as hostSchema } from '../../api/v1/schemas/rollout.ts';
import { AppError } from '../../util/app-error.ts';
import { ago } from '../client/ago.ts';
import { connectToServer, type ServerFlags } from '../client/connect-to-server.ts';
import { renderTable } from '../client/render-table.ts';
import type { CommandModule } from '../command-module.ts';
import { type CliContext, printResult } from '../context.ts';
import { changeCordons, cordonFile, readCordons } from '../cordons/cordon-file.ts';
import { speaksOfServer, withHostNames } from '../cordons/cordon-target.ts';
import { hostPath } from '../fleet/host-name.ts';
import { listHosts } from '../fleet/list-hosts.ts';
import { whoAmI } from '../who-am-i.ts';

interface Flags extends ServerFlags {
  readonly reason?: string;
  readonly list?: boolean;
}

export const define: CommandModule['define'] = (command, run) => {
  withHostNames(command, 'none')
    .option('--reason <text>', 'why, for those who wonder')
    .option('--list', 'list the hosts that are cordoned, instead')
    .addHelpText(
      'after',
      `
A rollout that has it in hand already sees it to its end; others skip it, and say who cordoned it and why. A host that is named
without a project is left out of what is deployed from here, by whatever network file: deploy, push, rollback, and rollouts
that are executed or resumed here. With --server, or as PROJECT/HOST, it is left out of the rollouts of a server.

Examples:
  proteus host cordon db01 web03 --reason 'a bad disk'
  proteus host cordon fleet/db01 --reason 'a bad disk'
  proteus host cordon --list
`,
    )
    .action((names: readonly string[], flags: Flags) => {
      run(async (context) => {
        if (flags.list ? names.length > 0 : names.length === 0)
          throw new AppError('usage.invalid', 'wanted names of hosts, or --list alone');
        const there = speaksOfServer(context, flags, names);
        if (flags.list) await (there ? listThere(context, flags) : listHere(context));
        else if (there) await cordonThere(context, names, flags);
        else await cordonHere(context, names, flags.reason ?? '');
        return 0;
      });
    });
};

async function cordonThere(context: CliContext, names: readonly string[], flags: Flags): Promise<void> {
  const paths = names.map(hostPath);
  const client = await connectToServer(context, flags);
  const hosts: z.output<typeof hostSchema>[] = [];
  for (const path of paths)
    hosts.push(await client.send('POST', `${path}/cordon`, { reason: flags.reason }, hostSchema));
  printResult(context, told(names), { hosts });
}

async function cordonHere(context: CliContext, names: readonly string[], reason: string): Promise<void> {
  const file = cordonFile(context.env);
  const cordon = { by: whoAmI(context.env), at: Date.now(), reason };
  await changeCordons(file, (known) => new Map([...known, ...names.map((name) => [name, cordon] as const)]));
  printResult(context, told(names), { hosts: names.map((name) => ({ name, ...cordon })) });
}

function told(names: readonly string[]): string {
  return names.map((name) => `${name} takes no part in rollouts`).join('\n');
}

async function listThere(context: CliContext, flags: Flags): Promise<void> {
  const all = await listHosts(await connectToServer(context, flags), undefined);
  const hosts = all.filter(({ cordonedBy }) => cordonedBy !== null);
  const rows = hosts.map((one) =>
    rowOf(`${one.project}/${one.name}`, one.cordonedBy, one.cordonedAt, one.cordonReason),
  );
  printResult(context, table(rows), { hosts });
}

async function listHere(context: CliContext): Promise<void> {
  const cordons = [...readCordons(cordonFile(context.env))];
  const rows = cordons.map(([name, { by, at, reason }]) => rowOf(name, by, at, reason));
  printResult(context, table(rows), { hosts: cordons.map(([name, cordon]) => ({ name, ...cordon })) });
}

function rowOf(name: string, by: string | null, at: number | null, reason: string | null) {
  return [name, by, at === null ? null : ago(Math.floor(at / 1000), Date.now()), reason || null];
}

function table(rows: Parameters<typeof renderTable>[1]): string {
  return renderTable(['host', 'cordoned by', 'since', 'why'], rows, 'no host is cordoned').join('\n');
}
