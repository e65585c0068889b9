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
const TURNS = 3;

const older = (version: string): Configuration => ({ name: version, version, only: 'every' });

export const NEWEST: Configuration = { name: NEWEST_VERSION, version: NEWEST_VERSION };
export const EXPERIMENTAL: Configuration = {
  name: `${NEWEST_VERSION} with features`,
  version: NEWEST_VERSION,
  features: ['resource-indicators', 'cimd'],
  only: 'experimental',
};
/** Between them is what changed. */
const EVERY_DAY: readonly Configuration[] = [NEWEST, older('22.0.5')];
const BY_TURN: readonly Configuration[] = [
  ...['24.0.5', '26.0.8', '26.4.0'].map(older),
  { name: `${NEWEST_VERSION} below /auth`, version: NEWEST_VERSION, relativePath: '/auth', only: 'every' },
  {
    // As in Docker: the browser's name for Keycloak is not the one that the service calls it by.
    name: `${NEWEST_VERSION} with KC_HOSTNAME`,
    version: NEWEST_VERSION,
    hostname: 'http://keycloak.example.test:8080',
    only: 'every',
  },
  EXPERIMENTAL,
];

/** What takes longest begins first. */
export const CONFIGURATIONS: readonly Configuration[] = [...EVERY_DAY, ...BY_TURN];

/** The newest and the oldest, and a third of the others: another third each day. */
export function configurationsOfDay(time: number): readonly Configuration[] {
  const turn = Math.floor(time / DAY_MS) % TURNS;
  return [...EVERY_DAY, ...BY_TURN.filter((_, at) => at % TURNS === turn)];
}
