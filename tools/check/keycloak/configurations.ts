import { NEWEST_VERSION } from '../../run/keycloak/index.ts';

/** A Keycloak that the tests run against. */
export interface Configuration {
  readonly name: string;
  readonly version: string;
  readonly relativePath?: string;
  readonly hostname?: string;
  /** Experimental features that are on. */
  readonly features?: readonly string[];
  /** Runs this folder of test/keycloak/ alone. Default: all but `experimental`. */
  readonly only?: 'every' | 'experimental';
}

const DAY_MS = 86_400_000;

const older = (version: string): Configuration => ({ name: version, version, only: 'every' });

export const NEWEST: Configuration = { name: NEWEST_VERSION, version: NEWEST_VERSION };
export const EXPERIMENTAL: Configuration = {
  name: `${NEWEST_VERSION} with features`,
  version: NEWEST_VERSION,
  features: ['resource-indicators', 'cimd'],
  only: 'experimental',
};
const BELOW_AUTH: Configuration = {
  ...{ name: `${NEWEST_VERSION} below /auth`, version: NEWEST_VERSION, relativePath: '/auth', only: 'every' },
};
/** As in Docker: the browser's name for Keycloak is not the one that the service calls it by. */
const WITH_HOSTNAME: Configuration = {
  ...{ name: `${NEWEST_VERSION} with KC_HOSTNAME`, version: NEWEST_VERSION, only: 'every' },
  hostname: 'http://keycloak.example.test:8080',
};
/** Each for a day. Keycloak 22 is the oldest that is supported; between them is what changed. */
const TURNS: readonly Configuration[] = [
  ...[older('22.0.5'), EXPERIMENTAL, older('24.0.5'), BELOW_AUTH],
  ...[older('26.0.8'), WITH_HOSTNAME, older('26.4.0')],
];

/** What takes longest begins first. */
export const CONFIGURATIONS: readonly Configuration[] = [NEWEST, ...TURNS];

/** The newest, and one of the others: another one each day of a week. */
export function configurationsOfDay(time: number): readonly Configuration[] {
  return [NEWEST, TURNS[Math.floor(time / DAY_MS) % TURNS.length] as Configuration];
}
