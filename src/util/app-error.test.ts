import { describe, expect, it } from 'vitest';
import { AppError } from './app-error.ts';
import { errorCatalogue } from './error-catalogue.ts';

describe('AppError', () => {
  it('takes status, exit code and hint from the catalogue', () => {
    const error = new AppError('usage.invalid', 'wanted a file, got nothing');

    expect(error).toMatchObject({
      name: 'AppError',
      status: 400,
      exitCode: 2,
      hint: 'See the --help of the command.',
    });
  });

  it('keeps the cause, and a hint that says more', () => {
    const cause = new Error('underneath');
    const error = new AppError('interrupted', 'stopped', { cause, hint: 'wait a little' });

    expect(error.cause).toBe(cause);
    expect(error.hint).toBe('wait a little');
  });
});

describe('the catalogue', () => {
  it.each(Object.entries(errorCatalogue))('%s has a whole sentence and a hint', (code, kind) => {
    expect(code).toMatch(/^[a-z]+(?:[.-][a-z0-9-]+)*$/);
    expect(kind.sentence).toMatch(/^[A-Z].*\.$/);
    expect(kind.hint).toMatch(/\.$/);
    expect(kind.exit).toBeGreaterThan(0);
  });
});
