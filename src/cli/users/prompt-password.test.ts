import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { promptPassword } from './prompt-password.ts';

function asked(text: string, signal = new AbortController().signal) {
  const input = new PassThrough();
  const output = new PassThrough();
  if (text !== '') input.end(text);
  return { answer: promptPassword({ input, output, signal }), shown: () => String(output.read() ?? '') };
}

it('takes the password that is given twice', async () => {
  const { answer, shown } = asked('foobar\nfoobar\n');

  expect(await answer).toBe('foobar');
  expect(shown()).toBe('Password: \nPassword Confirmation: \n');
});

it.each([
  ['foobar\nfoobaz\n', "Passwords don't match."],
  ['foobar\n', "Passwords don't match."],
  ['\n\n', 'an empty password is not allowed'],
])('refuses %j', async (text, message) => {
  await expect(asked(text).answer).rejects.toMatchObject({ code: 'user.invalid', message });
});

it('ends when interrupted', async () => {
  const controller = new AbortController();
  const { answer } = asked('', controller.signal);

  controller.abort();

  await expect(answer).rejects.toMatchObject({ code: 'interrupted' });
});
