export { copyPaths } from './copy-paths.ts';
export { queryClosure } from './query-closure.ts';
