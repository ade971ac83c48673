/**
 * What a Morph network says about its hosts without building any: the data of `info.deployment`. Names of fields are
 * Morph's (deploy reference §1.3, §1.6).
 */

export interface SecretSpec {
  /** A file; `''` when the content comes from one of the others. */
  readonly source: string;
  /** A program whose output is the content. */
  readonly command?: readonly string[] | undefined;
  /** The content itself. */
  readonly text?: string | undefined;
  /** It was a text, of which no server keeps the content (`without-texts.ts`). */
  readonly textLeftOut?: true | undefined;
  /** A file that is decrypted with age; undefined `identity`: the one that whoever uploads it has. */
  readonly age?: { readonly file: string; readonly identity?: string | undefined } | undefined;
  readonly destination: string;
  readonly owner: { readonly user: string; readonly group: string };
  readonly permissions: string;
  readonly action: readonly string[];
  readonly mkDirs: boolean;
  readonly uploadAt: 'pre-activation' | 'post-activation';
}

export interface CommandCheck {
  readonly description: string;
  /** Null (the option's default) makes the build fail as under Morph. */
  readonly cmd: readonly string[] | null;
  /** Seconds. */
  readonly period: number;
  readonly timeout: number;
}

export interface HttpCheck {
  readonly description: string;
  readonly host: string | null;
  readonly scheme: string;
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly period: number;
  readonly timeout: number;
  readonly insecureSSL: boolean;
}

export interface HostChecks {
  readonly cmd: readonly CommandCheck[];
  readonly http: readonly HttpCheck[];
}

export interface HostMetadata {
  readonly name: string;
  readonly targetHost: string;
  readonly targetPort: number | null;
  /** `''`: SSH_USER, else ssh's own default. */
  readonly targetUser: string;
  readonly buildOnly: boolean;
  /** The host builds its system itself; not an option of Morph's. */
  readonly buildOnTarget: boolean;
  readonly substituteOnDestination: boolean;
  readonly tags: readonly string[];
  readonly secrets: Readonly<Record<string, SecretSpec>>;
  readonly preDeployChecks: HostChecks;
  readonly healthChecks: HostChecks;
  readonly nixosRelease: string;
  /** `--option` pairs of the whole network. */
  readonly nixConfig: Readonly<Record<string, string>>;
}

export interface NetworkMetadata {
  /** In the order of attribute names, as Nix sorts them. */
  readonly hosts: readonly HostMetadata[];
  readonly description: string;
  /** `network.ordering.tags`, empty when there is none. */
  readonly orderingTags: readonly string[];
}
