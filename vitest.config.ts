import { defineConfig } from 'vitest/config';

if (Number.parseInt(process.versions.node, 10) < 24) {
  throw new Error(
    `the tests need Node 24, this is ${process.version}: use npm test, or PATH="$PWD/node_modules/.bin:$PATH" vitest run …`,
  );
}

/** What is waited for comes when it comes: on a busy machine, or with a Nix that has to be killed, after seconds. */
const expectations = { poll: { timeout: 25_000 } };

/**
 * Three projects: `unit` (beside the source, no services, safe anywhere), `integration` (under test/, real
 * Nix, sshd, git and network namespaces, one file at a time because they share the machine's two cores) and `slow`
 * (the same, `*.slow.test.ts`: what takes too long to be run with every change; `npm run test:slow`).
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/*.test.ts', 'bench/**/*.test.ts'],
          testTimeout: 30_000,
          expect: expectations,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/*/**/*.test.ts'],
          exclude: ['test/**/*.slow.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect: expectations,
        },
      },
      {
        test: {
          name: 'slow',
          include: ['test/*/**/*.slow.test.ts'],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          expect: expectations,
        },
      },
    ],
  },
});
