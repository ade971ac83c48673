/**
 * The builders there are now. They can be replaced at any time: one that is the same object stays with its
 * connection; one that is gone takes no more steps, and is closed when the last of its own has ended. Draining goes
 * by name, and holds also for a builder of that name that comes later.
 */

import type { Builder } from './builder.ts';
import { BuilderLink, type BuilderLinkOptions } from './builder-link.ts';
import { canBuild, type StepNeeds } from './can-build.ts';
import { chooseBuilder } from './choose-builder.ts';
import type { SchedulerOptions } from './scheduler.ts';

export interface BuilderPoolOptions extends BuilderLinkOptions {
  readonly onBuilder: NonNullable<SchedulerOptions['onBuilder']>;
}

/** What a step says of its builder: it does its work, nothing either way, or why it is lost. */
export type HowItWent = 'well' | 'undecided' | { readonly loss: string };

export class BuilderPool implements AsyncDisposable {
  #links: readonly BuilderLink[] = [];
  readonly #retired = new Set<BuilderLink>();
  readonly #drained = new Set<string>();
  readonly #closing = new Set<Promise<void>>();
  readonly #options: BuilderPoolOptions;

  constructor(builders: readonly Builder[], options: BuilderPoolOptions) {
    this.#options = options;
    this.set(builders);
  }

  get links(): readonly BuilderLink[] {
    return this.#links;
  }

  get builders(): readonly Builder[] {
    return this.#links.map(({ builder }) => builder);
  }

  set(builders: readonly Builder[]): void {
    const before = new Map(this.#links.map((link) => [link.builder, link]));
    this.#links = builders.map((builder) => {
      const link = before.get(builder) ?? new BuilderLink(builder, this.#options);
      before.delete(builder);
      link.drained = this.#drained.has(builder.name);
      return link;
    });
    for (const link of before.values()) {
      this.#retired.add(link);
      this.#closeIfOver(link);
    }
  }

  setDrained(name: string, drained: boolean): void {
    if (drained) this.#drained.add(name);
    else this.#drained.delete(name);
    for (const link of this.#links) {
      if (link.builder.name !== name || link.drained === drained) continue;
      link.drained = drained;
      this.#options.onBuilder(name, drained ? 'drained' : link.avoided ? 'lost' : 'ready');
    }
  }

  /** The builder that takes such a step now. */
  choose(needs: StepNeeds): BuilderLink | undefined {
    return chooseBuilder(needs, this.#links);
  }

  /** Those that can take such a step, free or not. */
  able(needs: StepNeeds): readonly BuilderLink[] {
    return this.#links.filter(({ builder }) => canBuild(needs, builder));
  }

  begin(link: BuilderLink): void {
    link.running += 1;
  }

  /** The step has ended. */
  end(link: BuilderLink, how: HowItWent): void {
    link.running -= 1;
    const wasLost = link.lastLoss !== undefined;
    if (how === 'well') link.worked();
    else if (how !== 'undecided' && !link.avoided) link.avoid(how.loss);
    const isLost = link.lastLoss !== undefined;
    if (isLost !== wasLost) this.#options.onBuilder(link.builder.name, isLost ? 'lost' : 'ready');
    if (this.#retired.has(link)) this.#closeIfOver(link);
  }

  /** When the next of the avoided ones may be used again, in milliseconds since 1970. */
  nextReturn(): number | undefined {
    const returns = this.#links.filter((link) => link.avoided).map((link) => link.avoidedUntil);
    return returns.length === 0 ? undefined : Math.min(...returns);
  }

  /** Lets go of what was kept on the builders for steps that ended long ago. */
  async letGo(): Promise<void> {
    await Promise.allSettled(this.#links.map((link) => link.letGo()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#links, ...this.#retired].map((link) => link[Symbol.asyncDispose]()));
    await Promise.all(this.#closing);
  }

  #closeIfOver(link: BuilderLink): void {
    if (link.running > 0) return;
    this.#retired.delete(link);
    const closed = link[Symbol.asyncDispose]();
    this.#closing.add(closed);
    void closed.finally(() => this.#closing.delete(closed));
  }
}
