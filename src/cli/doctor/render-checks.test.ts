import { expect, it } from 'vitest';
import { ok, problem, warning } from './check.ts';
import { renderChecks } from './render-checks.ts';

it('puts what to do below what is wrong', () => {
  const text = renderChecks([ok('nix', 'is there'), problem('builder a', 'does not answer', 'switch it on')]);

  expect(text).toBe(
    '✓ nix        is there\n✗ builder a  does not answer\n             → switch it on\n\n1 to mend\n',
  );
});

it('says when all is well, and counts warnings on their own', () => {
  expect(renderChecks([ok('nix', 'is there')])).toContain('all is well');
  expect(renderChecks([warning('key', 'is open', 'chmod'), problem('x', 'y', 'z')])).toContain(
    '1 to mend, 1 to look at',
  );
});
