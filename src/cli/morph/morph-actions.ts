/** What each command of Morph's does. */

import path from 'node:path';
import { exitWords } from '../../deploy/morph/exit-words.ts';
import { listSecretsJson, listSecretsText } from '../../network/list-secrets.ts';
import { AppError } from '../../util/app-error.ts';
import { buildMorph } from './build-morph.ts';
import { deployMorph } from './deploy-morph.ts';
import { printAttribute } from './evaluate-morph.ts';
import { checkHealthMorph, execMorph, pushMorph, uploadSecretsMorph } from './host-actions.ts';
import type { MorphCall } from './morph-call.ts';
import type { MorphCommandName } from './morph-commands.ts';
import type { MorphContext } from './morph-context.ts';
import { nixSettings } from './nix-settings.ts';
import { selectMorphHosts } from './select-morph-hosts.ts';

/** The exit code; throws what is to be printed before exit code 1. */
type Action = (call: MorphCall, context: MorphContext) => Promise<number>;

export const morphActions: Readonly<Record<MorphCommandName, Action>> = {
  async build(call, context) {
    const nix = nixSettings(call, context.env);
    await using _result = await buildMorph(call, nix, await selectMorphHosts(call, nix, context), context);
    return 0;
  },

  async eval(call, context) {
    const nix = nixSettings(call, context.env);
    const file = path.resolve(context.cwd, call.deployment);
    const exit = await printAttribute(nix, file, call.attribute, context);
    if (context.signal.aborted) throw new AppError('interrupted', 'interrupted');
    if (exit.code !== 0) throw new AppError('network.evaluation', exitWords(exit));
    return 0;
  },

  async 'list-secrets'(call, context) {
    const hosts = await selectMorphHosts(call, nixSettings(call, context.env), context);
    const folder = path.dirname(path.resolve(context.cwd, call.deployment));
    context.stdout.write(call.json ? listSecretsJson(hosts, folder) : listSecretsText(hosts));
    return 0;
  },

  push: pushMorph,
  deploy: deployMorph,
  'check-health': checkHealthMorph,
  'upload-secrets': uploadSecretsMorph,
  exec: execMorph,
};
