import { expect, it } from 'vitest';
import { renderFields } from './render-fields.ts';

it('shows what is there', () => {
  const fields = renderFields([
    ['project', 'fleet'],
    ['homepage', ''],
    ['enabled', false],
    ['kept', 0],
    ['error', null],
    ['note', 'a\u001b[2Jb'],
  ]);

  expect(fields).toEqual(['project  fleet', 'enabled  no', 'kept     0', 'note     ab']);
});
