export { cacheFolder, NEWEST_VERSION } from './distribution.ts';
export { type KeycloakOptions, type RunningKeycloak, startKeycloak } from './start.ts';
