/** Numbers of Nix's log protocol, the same in the worker protocol and in `--log-format internal-json`. */

/** What Nix is doing. Source: libutil/logging.hh. */
export const activityType = {
  unknown: 0,
  copyPath: 100,
  fileTransfer: 101,
  realise: 102,
  copyPaths: 103,
  builds: 104,
  build: 105,
  optimiseStore: 106,
  verifyPaths: 107,
  substitute: 108,
  queryPathInfo: 109,
  postBuildHook: 110,
  buildWaiting: 111,
  fetchTree: 112,
  fetchToStore: 113,
} as const;

/** What it tells about an activity. */
export const activityResult = {
  fileLinked: 100,
  buildLogLine: 101,
  untrustedPath: 102,
  corruptedPath: 103,
  setPhase: 104,
  progress: 105,
  setExpected: 106,
  postBuildLogLine: 107,
  fetchStatus: 108,
  fetchToStore: 109,
} as const;

/** How important a message is; lower is more. */
export const logLevel = {
  error: 0,
  warn: 1,
  notice: 2,
  info: 3,
  talkative: 4,
  chatty: 5,
  debug: 6,
  vomit: 7,
} as const;
