import { blankPasswords } from '../util/blank-passwords.ts';

/** Types whose value is a text that goes into the expression as it is; whoever reads a build's inputs reads that. */
const texts: readonly string[] = ['string', 'nix', 'boolean'];

/** Whether passwords in the value of an input of this type are to be blanked. */
export function hidesPasswords(type: string): boolean {
  return !texts.includes(type);
}

/** The value of an input as it is shown to everybody, those who may change it included. */
export function shownValue(type: string, value: string): string {
  return hidesPasswords(type) ? blankPasswords(value) : value;
}
