/**
 * For the packages of this repository only. Names here change without notice in any version, so import nothing from this path.
 */
export { readChallenges } from './http/challenge.ts';
export { isRepeated, toHeaders, toWrittenOrigin, withoutEndSlashes } from './http/request.ts';
export { toJsonObject } from './jwt/compact-jws.ts';
export { nearestOf } from './options/check-options.ts';
export { isPlainUrl, isServerUrl, mendServerUrl } from './options/option-rules.ts';
export { ofEach } from './runtime/cache.ts';
export { createSingleFlight } from './runtime/concurrency.ts';
