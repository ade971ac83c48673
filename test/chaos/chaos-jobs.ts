/**
 * The load of the chaos test: a release whose jobs are new with each generation. Each generation has chains that share
 * steps, jobs for the remote builder, one that fails and one that depends on it.
 */

/** What each job of a generation must come to (Hydra's numbers). */
export const expectedStatus: Readonly<Record<string, number>> = {
  base: 0,
  left: 0,
  right: 0,
  both: 0,
  remote: 0,
  mixed: 0,
  broken: 1,
  needsBroken: 2,
};

/** For `createRepository`'s `push`. */
export function generationExpression(generation: number): string {
  const name = (job: string): string => `"${job}-g${generation}"`;
  const slow = (seconds: string): string => `sleep ${seconds}`;
  return `{ ... }: rec {
    base = sh ${name('base')} { } "${slow('0.3')}; echo base > $out";
    # Long enough to be killed half-way.
    left = builtins.seq (builtins.foldl' (a: b: a + b) ${generation} (builtins.genList (x: x) 4000000)) (sh ${name('left')} { inherit base; } "${slow('0.5')}; echo left > $out");
    right = sh ${name('right')} { inherit base; } "${slow('0.2')}; echo right > $out";
    both = sh ${name('both')} { inherit left right; } "read a < $left; read b < $right; echo $a $b > $out";
    remote = sh ${name('remote')} { inherit base; system = "i586-linux"; } "${slow('0.6')}; echo remote > $out";
    mixed = sh ${name('mixed')} { inherit remote right; } "${slow('0.2')}; echo mixed > $out";
    broken = sh ${name('broken')} { inherit base; } "${slow('0.2')}; echo it breaks; exit 1";
    needsBroken = sh ${name('needs-broken')} { inherit broken; } "echo > $out";
  }`;
}
