/**
 * For the packages of this repository only. Names here change without notice in any version, so import nothing from this path.
 */
export { readChallenges } from './http/challenge.ts';
export { isRepeated } from './http/request.ts';
export { toJsonObject } from './jwt/json.ts';
export { nearestOf } from './options/nearest-name.ts';
export { isServerUrl, mendServerUrl } from './options/server-url.ts';
export { ofEach } from './runtime/get-or-make.ts';
