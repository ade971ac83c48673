/** How long a connection may wait for its next request: longer than proxies in front keep theirs, which is a minute. */
export const keepAliveMs = 75_000;
