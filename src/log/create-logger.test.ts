import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { createLogger, type LoggerOptions } from './create-logger.ts';

function logger(options: Partial<LoggerOptions> = {}) {
  const stream = new PassThrough();
  const log = createLogger({
    stream,
    readable: false,
    now: () => Date.UTC(2026, 0, 2, 3, 4, 5),
    ...options,
  });
  return { log, text: () => String(stream.read() ?? '') };
}

it('writes one JSON object a line', () => {
  const { log, text } = logger();

  log.info({ build: 5 }, 'done');
  log.warn('beware');

  expect(
    text()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([
    { level: 'info', time: '2026-01-02T03:04:05.000Z', build: 5, msg: 'done' },
    { level: 'warn', time: '2026-01-02T03:04:05.000Z', msg: 'beware' },
  ]);
});

it('leaves out what is below the level', () => {
  const { log, text } = logger({ level: 'warn' });

  log.info('chatter');

  expect(text()).toBe('');
});

it('writes readable lines for people', () => {
  const { log, text } = logger({ readable: true });

  log.info({ job: 'web01' }, 'built');
  log.error({ err: Object.assign(new Error('broken'), { stack: 'Error: broken\n at x' }) }, 'no build');

  expect(text()).toBe(
    '03:04:05 built job=web01\n03:04:05 error: no build: Error: broken\n            at x\n',
  );
});

it('never lets a log line move the cursor of a terminal', () => {
  const { log, text } = logger({ readable: true });

  log.info({ ref: 'a\u001b[2Jb' }, 'fetched \u001b[31mred');

  expect(text()).toBe('03:04:05 fetched red ref=ab\n');
});

it.each([false, true])('keeps secrets out, in fields and in texts (readable: %s)', (readable) => {
  const { log, text } = logger({ readable });

  log.info({ password: 'hunter2', headers: { authorization: 'Bearer hunter2' } }, 'login');
  log.error(
    { err: new Error('cannot reach postgres://proteus:hunter2@db/x') },
    'proteus_hunter2hunter2hunter2',
  );

  const written = text();
  expect(written).toContain('login');
  expect(written).toContain('postgres://proteus:***@db/x');
  expect(written).not.toContain('hunter2');
});
