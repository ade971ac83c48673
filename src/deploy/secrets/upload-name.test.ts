import { expect, it } from 'vitest';
import { rolloutForm } from '../session/parse-facts.ts';
import { holderName, uploadName } from './upload-name.ts';

it.each([
  ['alice@laptop', 'secrets-by-alice-laptop-k3x9ab1'],
  ['Änne@ci.example.org', 'secrets-by-nne-ci-example-org-k3x9ab1'],
  ['@', 'secrets-by-somebody-k3x9ab1'],
  [`${'x'.repeat(100)}@y`, `secrets-by-${'x'.repeat(40)}-k3x9ab1`],
])('an upload of %s is called %s', (who, name) => {
  expect(uploadName(who, 'k3x9ab1')).toBe(name);
  // As everything that has a host must be.
  expect(name).toMatch(rolloutForm);
});

it('is told from a rollout', () => {
  expect(holderName('secrets-by-alice-laptop-k3x9')).toBe(
    'an upload of secrets (secrets-by-alice-laptop-k3x9)',
  );
  expect(holderName('main-42-x')).toBe('rollout main-42-x');
});
