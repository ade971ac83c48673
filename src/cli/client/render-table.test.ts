import { expect, it } from 'vitest';
import { renderTable } from './render-table.ts';

it('sets columns as wide as they must be, and numbers to the right', () => {
  const lines = renderTable(
    ['id', 'job', 'drained'],
    [
      [7, 'web01', true],
      [1234, 'db', null],
    ],
    'no builds',
  );

  expect(lines).toEqual(['  id  job    drained', '   7  web01  yes', '1234  db     -']);
});

it('says that there is nothing', () => {
  expect(renderTable(['id'], [], 'no builds')).toEqual(['no builds']);
});

it('lets no cell move the cursor', () => {
  expect(renderTable(['name'], [['a\u001b[2Jb\nc']], '')).toEqual(['name', 'ab c']);
});
