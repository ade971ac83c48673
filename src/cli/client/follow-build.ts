/**
 * The logs of a build as they are written, from whatever it is doing now to its end: of each step that runs for it, one
 * after another. While there is none, the server is not asked again and again: its events say when to look.
 */

import { build as buildSchema, why as whySchema } from '../../api/v1/schemas/build.ts';
import type { ApiClient } from './api-client.ts';
import { type Followed, followEvents } from './follow-events.ts';
import { type FollowedBuild, nextLoggedStep } from './next-logged-step.ts';

type Step = FollowedBuild['steps'][number];

export interface FollowBuildOptions {
  readonly client: Pick<ApiClient, 'get' | 'open'>;
  readonly signal: AbortSignal;
  /** Only this step, and until it ends. */
  readonly step?: number | undefined;
  /** Shows the log of a step until it ends. */
  readonly show: (step: Step) => Promise<void>;
  /** Says why there is nothing to show yet. */
  readonly onWait: (why: string) => void;
}

/** Resolves with the number of logs that were shown. Throws what the server refuses, and `interrupted`. */
export async function followBuild(id: number, options: FollowBuildOptions): Promise<number> {
  const { client, show, onWait } = options;
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  const news = newsOf(id, followEvents({ client, signal }));
  try {
    let seen: Set<number> | undefined;
    let shown = 0;
    let said: string | undefined;
    for (;;) {
      news.read();
      const build = await client.get(`/api/v1/builds/${id}`, buildSchema);
      const step =
        options.step === undefined
          ? nextLoggedStep(build, seen)
          : build.steps.find(({ hasLog, number }) => hasLog && number === options.step);
      // What was over before anybody looked is passed over; what comes from now on is not.
      seen ??= new Set(build.steps.filter(({ status }) => status !== null).map(({ number }) => number));
      if (step !== undefined) {
        seen.add(step.number);
        shown += 1;
        await show(step);
        if (options.step !== undefined) return shown;
        continue;
      }
      if (build.finished) return shown;
      const { sentence } = await client.get(`/api/v1/builds/${id}/why`, whySchema);
      if (sentence !== said) onWait(sentence);
      said = sentence;
      await news.more();
    }
  } finally {
    ending.abort();
    await news.done;
  }
}

/** Whether anything happened to a build since it was last looked at. */
function newsOf(id: number, events: AsyncIterable<Followed>) {
  let fresh = true;
  let failure: unknown;
  let over = false;
  let wake = (): void => {};
  const done = (async () => {
    try {
      for await (const told of events) {
        const isOfIt = told.type !== 'event' || ('build' in told.event && told.event.build === id);
        if (!isOfIt) continue;
        fresh = true;
        wake();
      }
    } catch (error) {
      failure = error;
    }
    over = true;
    wake();
  })();
  return {
    done,
    read: (): void => {
      fresh = false;
    },
    /** Resolves at once when there are news already. */
    async more(): Promise<void> {
      while (!fresh && !over) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (failure !== undefined) throw failure;
    },
  };
}
