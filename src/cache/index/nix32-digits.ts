/** What each byte is worth as a digit of nix32; -1 for those that are none. */

const alphabet = '0123456789abcdfghijklmnpqrsvwxyz';

export const nix32Digits = new Int8Array(256).fill(-1);
for (const [value, char] of alphabet.split('').entries()) nix32Digits[char.charCodeAt(0)] = value;
