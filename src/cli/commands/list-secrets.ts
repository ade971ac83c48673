/** `proteus list-secrets NETWORK`: what secrets the hosts want, as Morph prints them. */

import path from 'node:path';
import { listSecretsJson, listSecretsText } from '../../network/list-secrets.ts';
import { loadNetwork } from '../../network/load-network.ts';
import type { CommandModule } from '../command-module.ts';
import {
  type EvaluationFlags,
  type SelectorFlags,
  withEvaluationFlags,
  withNetworkFile,
  withSelectors,
} from '../network-options.ts';
import { selectFromNetwork } from '../select-from-network.ts';

type Flags = SelectorFlags & EvaluationFlags;

export const define: CommandModule['define'] = (command, run) => {
  withEvaluationFlags(withSelectors(withNetworkFile(command)))
    .addHelpText('after', '\nWith --json: one object, hosts by name, as Morph prints it.\n')
    .action((file: string, flags: Flags) => {
      run(async (context) => {
        const network = await loadNetwork(file, {
          signal: context.signal,
          showTrace: flags.showTrace,
          env: context.env,
        });
        const { selected, broken } = selectFromNetwork(context, network, flags);
        const base = path.dirname(path.resolve(context.cwd, file));
        context.stdout.write(context.json ? listSecretsJson(selected, base) : listSecretsText(selected));
        return broken.length === 0 ? 0 : 1;
      });
    });
};
