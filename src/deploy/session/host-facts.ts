/** How a host stands, as it says itself. Paths are store paths; undefined where it does not say. */

import type { StorePath } from '../../nix/store-path.ts';

export interface HostFacts {
  /** What `/run/current-system` is. */
  readonly current: StorePath | undefined;
  /** What `/run/booted-system` is. */
  readonly booted: StorePath | undefined;
  /** What the system profile points at, and the number of that generation. */
  readonly profile: StorePath | undefined;
  readonly generation: number | undefined;
  /** All generations of the system profile that are there, newest first. */
  readonly generations: readonly HostGeneration[];
  readonly bootId: string;
  /** The booted kernel, initrd or kernel parameters differ from those of the current system. */
  readonly needsReboot: boolean;
  /** Undefined where there is no systemd. */
  readonly failedUnits: readonly string[] | undefined;
  /** Of the file system that holds /nix/store, in bytes. */
  readonly freeBytes: number;
  /** Who we are there: root needs no sudo. */
  readonly user: string;
  readonly hasSystemd: boolean;
  /** Its login and Nix's answer whether that user is trusted; undefined where Nix does not say. */
  readonly trusted: boolean | undefined;
  /** The rollout whose supervisor works or waits there, and which rollout did the last activation. */
  readonly activation: { readonly rollout: string; readonly state: string } | undefined;
}

export interface HostGeneration {
  readonly number: number;
  readonly path: StorePath;
  /** Seconds since 1970. */
  readonly time: number;
}
