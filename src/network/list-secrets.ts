/**
 * The two forms in which Morph lists secrets (deploy reference §1.11): text, and JSON as Go prints it, with capital
 * keys, sorted by bytes, `<`, `>` and `&` escaped. Where Morph prints the secrets of a host in no order, these
 * are sorted.
 */

import path from 'node:path';
import type { HostMetadata, SecretSpec } from './network.ts';

/** What `list-secrets` prints; sources as the network has them. */
export function listSecretsText(hosts: readonly HostMetadata[]): string {
  return hosts
    .map(({ name, secrets }) => {
      const blocks = sorted(Object.entries(secrets)).map(([secret, spec]) => `${secret}:\n- ${text(spec)}\n`);
      return `Secrets for host ${name}:\n${blocks.join('')}\n`;
    })
    .join('');
}

function text(secret: SecretSpec): string {
  const { destination, owner, permissions, mkDirs, uploadAt, action } = secret;
  return [
    `\`${origin(secret)}\` -> \`${destination}\`, with:`,
    `\tPermissions: ${owner.user}:${owner.group}, ${permissions}`,
    `\tCreate remote directories: ${mkDirs}`,
    `\tUpload at: ${uploadAt}`,
    ...(action.length === 0 ? [] : [`\tAction: \`${action.join(' ')}\``]),
  ].join('\n');
}

/** Where it comes from: Morph has files alone. A text is not shown. */
function origin({ source, command, text: content, age }: SecretSpec): string {
  if (command !== undefined) return `output of ${command.join(' ')}`;
  if (age !== undefined) return `${age.file}, decrypted with age`;
  return content === undefined ? source : 'a text in the network file';
}

/** What `list-secrets --json` prints; relative sources are made absolute with the folder of the network file. */
export function listSecretsJson(hosts: readonly HostMetadata[], networkFolder: string): string {
  const byHost = hosts.map(({ name, secrets }): [string, string] => {
    const specs = Object.entries(secrets).map(([secret, spec]): [string, string] => [
      secret,
      indent(JSON.stringify(goSecret(spec, networkFolder), null, 2)),
    ]);
    return [name, indent(object(specs))];
  });
  return `${escapeHtml(object(byHost))}\n`;
}

function goSecret(spec: SecretSpec, networkFolder: string): object {
  return {
    Source: absolute(spec.source, networkFolder),
    ...(spec.command !== undefined && { Command: spec.command }),
    ...(spec.age !== undefined && { Age: { File: absolute(spec.age.file, networkFolder) } }),
    Destination: spec.destination,
    Owner: { Group: spec.owner.group, User: spec.owner.user },
    Permissions: spec.permissions,
    Action: spec.action,
    MkDirs: spec.mkDirs,
    UploadAt: spec.uploadAt,
  };
}

function absolute(file: string, networkFolder: string): string {
  return file === '' || path.isAbsolute(file) ? file : path.resolve(networkFolder, file);
}

/** Written by hand, because a JavaScript object would move keys that look like numbers to its front. */
function object(members: readonly (readonly [key: string, json: string])[]): string {
  if (members.length === 0) return '{}';
  const lines = sorted(members).map(([key, json]) => `  ${JSON.stringify(key)}: ${json}`);
  return `{\n${lines.join(',\n')}\n}`;
}

function indent(json: string): string {
  return json.replaceAll('\n', '\n  ');
}

function escapeHtml(json: string): string {
  return json.replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function sorted<T>(entries: readonly (readonly [string, T])[]): readonly (readonly [string, T])[] {
  return entries.toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
