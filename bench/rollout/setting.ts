/** What both sides of the rollout benchmark are to do. */

export interface Setting {
  readonly targets: readonly { readonly name: string; readonly host: string; readonly toplevel: string }[];
  readonly sshConfigFile: string;
  /** For files of the sides. */
  readonly folder: string;
  /** Also a secret for each host, and a health check that succeeds. */
  readonly usual: { readonly secretFile: string; readonly secretDestination: string } | undefined;
}
