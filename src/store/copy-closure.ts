export { queryClosure } from './query-closure.ts';
