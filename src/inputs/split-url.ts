/** A URL in its parts as they are written; stricter than any program that will read it, so that all of them agree. */

/** Scheme with its colon, user and password, host with port, path with all that follows. */
const form = /^([a-z][a-z+]*:)\/\/(?:([^/?#@\\]*)@)?([^/?#@\\]*)(\/[^\\]*)?$/;

export interface SplitUrl {
  /** With its colon. */
  readonly scheme: string;
  readonly userInfo: string | undefined;
  /** With its port. */
  readonly host: string;
  readonly path: string;
}

export function splitUrl(text: string): SplitUrl | undefined {
  const [, scheme, userInfo, host, path = ''] = form.exec(text) ?? [];
  if (scheme === undefined || host === undefined || !URL.canParse(text)) return undefined;
  return { scheme, userInfo, host, path };
}
