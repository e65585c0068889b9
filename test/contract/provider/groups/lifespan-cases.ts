import type { Json } from '../caller.ts';

/** What a realm sets, and how long its tokens are good. */
export interface LifespanCase {
  /** Settings of the realm, and attributes of the client. */
  readonly realm?: Json;
  readonly client?: Record<string, string>;
  /** Seconds that the tokens of each kind of login are good for: access token, then refresh token. */
  readonly password?: readonly [number, number];
  readonly offline?: readonly [number, number | 'no end'];
  readonly service?: number;
  readonly remembered?: readonly [number, number];
}

const LONG = 1_000_000;

export const LIFESPAN_CASES: Readonly<Record<string, LifespanCase>> = {
  'what Keycloak comes with': { password: [300, 1800], offline: [300, 'no end'], service: 300 },
  'an access token that outlives the idle time': {
    realm: { accessTokenLifespan: 3600, ssoSessionIdleTimeout: 1800 },
    password: [3600, 1800],
    offline: [3600, 'no end'],
    service: 3600,
  },
  'no access token outlives the longest session, but for an offline one': {
    realm: { accessTokenLifespan: 3600, ssoSessionMaxLifespan: 900 },
    password: [900, 900],
    offline: [3600, 'no end'],
    service: 900,
  },
  'an access token for as long as the session': {
    realm: { accessTokenLifespan: -1, ssoSessionMaxLifespan: 7000 },
    password: [7000, 1800],
    offline: [7000, 'no end'],
    service: 7000,
  },
  'a client’s own access token': {
    client: { 'access.token.lifespan': '77' },
    password: [77, 1800],
    offline: [77, 'no end'],
    service: 77,
  },
  'a client’s own access token, longer than the realm’s and than the idle time': {
    realm: { ssoSessionIdleTimeout: 100 },
    client: { 'access.token.lifespan': '4000' },
    password: [4000, 100],
    service: 4000,
  },
  'a client’s access token for as long as the session': {
    client: { 'access.token.lifespan': '-1' },
    password: [36_000, 1800],
    service: 36_000,
  },
  'a client’s access token of no seconds': {
    client: { 'access.token.lifespan': '0' },
    password: [0, 1800],
    service: 0,
  },
  'clients may be idle for less than the session': {
    realm: { clientSessionIdleTimeout: 500 },
    password: [300, 500],
    service: 300,
  },
  'clients may be in a session for less than it lasts': {
    realm: { accessTokenLifespan: 3600, clientSessionMaxLifespan: 600 },
    password: [600, 600],
    service: 600,
  },
  'one client may be idle for less': {
    client: { 'client.session.idle.timeout': '400' },
    password: [300, 400],
  },
  'one client may be in a session for less': {
    realm: { accessTokenLifespan: 3600 },
    client: { 'client.session.max.lifespan': '450' },
    password: [450, 450],
    service: 450,
  },
  'a client’s own times replace those for clients, longer ones too': {
    realm: { accessTokenLifespan: 3600, clientSessionIdleTimeout: 500, clientSessionMaxLifespan: 600 },
    client: { 'client.session.idle.timeout': '700', 'client.session.max.lifespan': '800' },
    password: [800, 700],
    service: 800,
  },
  'an offline session that ends': {
    realm: {
      accessTokenLifespan: 3600,
      offlineSessionMaxLifespanEnabled: true,
      offlineSessionMaxLifespan: 1000,
    },
    password: [3600, 1800],
    offline: [1000, 1000],
  },
  'an offline session that ends, and before that where it is idle': {
    realm: {
      offlineSessionIdleTimeout: 800,
      offlineSessionMaxLifespanEnabled: true,
      offlineSessionMaxLifespan: 1000,
    },
    offline: [300, 800],
  },
  'an offline token that does not end does not say when it is idle': {
    realm: { offlineSessionIdleTimeout: 800 },
    client: { 'client.offline.session.max.lifespan': '350', 'client.offline.session.idle.timeout': '300' },
    offline: [300, 'no end'],
  },
  'one client’s offline times': {
    realm: { offlineSessionMaxLifespanEnabled: true, offlineSessionMaxLifespan: 1000 },
    client: { 'client.offline.session.max.lifespan': '250', 'client.offline.session.idle.timeout': '200' },
    offline: [250, 200],
  },
  'offline times for all clients': {
    realm: {
      clientOfflineSessionIdleTimeout: 250,
      clientOfflineSessionMaxLifespan: 260,
      offlineSessionMaxLifespanEnabled: true,
      offlineSessionMaxLifespan: 1000,
    },
    offline: [260, 250],
  },
  'who is remembered stays longer': {
    realm: {
      rememberMe: true,
      accessTokenLifespan: LONG,
      ssoSessionIdleTimeoutRememberMe: 5000,
      ssoSessionMaxLifespanRememberMe: 50_000,
    },
    password: [36_000, 1800],
    remembered: [50_000, 5000],
  },
  'who is remembered never stays for less': {
    realm: {
      rememberMe: true,
      accessTokenLifespan: LONG,
      ssoSessionIdleTimeoutRememberMe: 500,
      ssoSessionMaxLifespanRememberMe: 700,
    },
    remembered: [36_000, 1800],
  },
  'an access token for as long as a shorter time to be remembered': {
    realm: { rememberMe: true, accessTokenLifespan: -1, ssoSessionMaxLifespanRememberMe: 700 },
    remembered: [700, 1800],
  },
  'a session for as long as who is remembered stays': {
    realm: { rememberMe: true, accessTokenLifespan: -1, ssoSessionMaxLifespanRememberMe: 50_000 },
    remembered: [50_000, 1800],
  },
  'nobody is remembered where the realm does not do it': {
    realm: { accessTokenLifespan: LONG, ssoSessionMaxLifespanRememberMe: 50_000 },
    remembered: [36_000, 1800],
  },
};
