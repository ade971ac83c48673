import { expect, it } from 'vitest';
import { scrubSecrets } from './scrub-secrets.ts';

const sixtyFour = Buffer.alloc(64, 7).toString('base64');
const thirtyTwo = Buffer.alloc(32, 7).toString('base64');

it.each([
  ['postgres://proteus:s3cret@db/x', 'postgres://proteus:***@db/x'],
  [
    'cannot fetch https://bot:to:ken@git.example.org/a.git now',
    'cannot fetch https://bot:***@git.example.org/a.git now',
  ],
  ['authorization: Bearer abcdef0123456789', 'authorization: Bearer ***'],
  ['Authorization: Basic YWxpY2U6Zm9vYmFy', 'Authorization: Basic ***'],
  ['GET /x?token=abc&y=1', 'GET /x?token=***&y=1'],
  ['made proteus_0123456789abcdefghijklmnop', 'made proteus_***'],
  ['$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA is kept', '$argon2id$*** is kept'],
  [`cache-1:${sixtyFour}`, 'cache-1:***'],
])('hides the secret of %s', (text, wanted) => {
  expect(scrubSecrets(text)).toBe(wanted);
});

it.each([
  `cache-1:${thirtyTwo}`,
  'ssh-ng://root@arm1',
  'http://127.0.0.1:3000/eval/5',
  'a basic thing, and a bearer of news',
])('leaves %s alone', (text) => {
  expect(scrubSecrets(text)).toBe(text);
});
