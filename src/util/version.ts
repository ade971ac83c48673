import packageJson from '../../package.json' with { type: 'json' };

/** The version of Proteus, as the package says it. */
export const version: string = packageJson.version;
