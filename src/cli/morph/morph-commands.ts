/**
 * Morph's command line as data: its commands, their flags and arguments, with our own words for what they do. The names,
 * defaults and orders are Morph's (deploy reference §1.1); help, parsing and completion all read them from here.
 */

export type MorphCommandName =
  | 'build'
  | 'push'
  | 'deploy'
  | 'check-health'
  | 'upload-secrets'
  | 'list-secrets'
  | 'eval'
  | 'exec';

export interface MorphFlag {
  readonly name: string;
  readonly type: 'switch' | 'number' | 'text' | 'texts' | 'file';
  /** As help shows it; switches have none. */
  readonly placeholder?: string;
  readonly summary: string;
}

export interface MorphArgument {
  readonly name: string;
  readonly type: 'file' | 'text' | 'texts' | 'action';
  readonly summary: string;
}

export interface MorphCommand {
  readonly name: MorphCommandName;
  readonly summary: string;
  readonly flags: readonly MorphFlag[];
  readonly args: readonly MorphArgument[];
  /** From the first argument on nothing is a flag. */
  readonly argsOnly?: true;
}

function on(name: string, summary: string): MorphFlag {
  return { name, type: 'switch', summary };
}

export const helpFlag = on('help', 'Show what morph, or one of its commands, does and takes.');
export const versionFlag = on('version', 'Print the version.');

export const globalFlags: readonly MorphFlag[] = [
  helpFlag,
  versionFlag,
  on('dry-run', 'deploy: evaluate, build and check, but change nothing on any host.'),
  on('keep-result', 'Keep the result from the garbage collector, with a link in .gcroots.'),
  on('allow-build-shell', 'Build inside network.buildShell, which can run any command on this machine.'),
];

const selectors: readonly MorphFlag[] = [
  { name: 'on', type: 'text', placeholder: '"*"', summary: 'Only hosts whose name matches this pattern.' },
  { name: 'tagged', type: 'text', placeholder: '""', summary: 'Only hosts that have all of these tags.' },
  { name: 'every', type: 'number', placeholder: '1', summary: 'Only every n-th host.' },
  { name: 'skip', type: 'number', placeholder: '0', summary: 'Leave out the first n hosts.' },
  { name: 'limit', type: 'number', placeholder: 'LIMIT', summary: 'At most n hosts.' },
  {
    name: 'order-by-tags',
    type: 'text',
    placeholder: '""',
    summary: 'Order hosts by these tags (with commas between them), not by those of the network.',
  },
];

const showTrace = on('show-trace', 'Have Nix print the whole trace of an error.');
const buildArg: MorphFlag = {
  name: 'build-arg',
  type: 'texts',
  placeholder: 'BUILD-ARG ...',
  summary: 'One more argument for nix-build (deprecated).',
};
const timeout: MorphFlag = {
  name: 'timeout',
  type: 'number',
  placeholder: '0',
  summary: 'Seconds that checks and commands may take on a host; 0 is no limit.',
};
const passwords: readonly MorphFlag[] = [
  on('passwd', 'Ask for the password of sudo on the hosts.'),
  { name: 'passcmd', type: 'text', placeholder: '""', summary: 'A command that prints that password.' },
];
const skipHealthChecks = on('skip-health-checks', 'Run no health checks.');

const deployment: MorphArgument = { name: 'deployment', type: 'file', summary: 'The network file.' };

const switchAction: MorphArgument = {
  name: 'switch-action',
  type: 'action',
  summary: 'dry-activate, test, switch or boot.',
};

export const morphCommands: readonly MorphCommand[] = [
  {
    name: 'build',
    summary: 'Evaluate and build the hosts of a network.',
    flags: [
      ...selectors,
      showTrace,
      buildArg,
      {
        name: 'target',
        type: 'text',
        placeholder: 'TARGET',
        summary: 'A Nix function from a host to what is built of it.',
      },
      {
        name: 'target-file',
        type: 'file',
        placeholder: 'TARGET-FILE',
        summary: 'A file with a set of such functions, by name.',
      },
    ],
    args: [deployment],
  },
  {
    name: 'push',
    summary: 'Build, then copy each system to its host.',
    flags: [...selectors, showTrace],
    args: [deployment],
  },
  {
    name: 'deploy',
    summary: 'Build, copy, and make each host run its new system.',
    flags: [
      ...selectors,
      showTrace,
      buildArg,
      timeout,
      ...passwords,
      skipHealthChecks,
      on('skip-pre-deploy-checks', 'Run no pre-deploy checks.'),
      on('upload-secrets', 'Upload the secrets of each host too.'),
      on('reboot', 'Reboot each host after its activation, before its health checks.'),
    ],
    args: [deployment, switchAction],
  },
  {
    name: 'check-health',
    summary: 'Run the health checks of hosts.',
    flags: [...selectors, showTrace, timeout],
    args: [deployment],
  },
  {
    name: 'upload-secrets',
    summary: 'Upload the secrets of hosts.',
    flags: [...selectors, showTrace, ...passwords, skipHealthChecks],
    args: [deployment],
  },
  {
    name: 'list-secrets',
    summary: 'List the secrets of hosts.',
    flags: [...selectors, showTrace, on('json', 'Print JSON.')],
    args: [deployment],
  },
  {
    name: 'eval',
    summary: 'Print the value of an attribute of a host, without building it.',
    flags: [],
    args: [
      deployment,
      { name: 'attribute', type: 'text', summary: 'Its path, e.g. web01.config.networking.hostName.' },
    ],
  },
  {
    name: 'exec',
    summary: 'Run a command on hosts.',
    flags: [...selectors, showTrace, ...passwords, timeout],
    args: [deployment, { name: 'command', type: 'texts', summary: 'The command and its arguments.' }],
    argsOnly: true,
  },
];
