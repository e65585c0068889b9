import type { Cluster } from '../machines/cluster.ts';
import * as actions from './actions.ts';
import { type Phase, QUIET, Tally } from './tally.ts';
import { Visits } from './visits.ts';

/** How many signed-in users there are at full pace, once it has settled. */
const POPULATION = 150;
const MOST_UNDER_WAY = 400;

/**
 * In a second; what needs Keycloak slows down with the pace. A password check keeps a core busy for about a tenth of it: three of those, and everything else, is what
 * two cores do at once with nginx, three replicas, Redis, Keycloak and the load itself.
 */
const RATES = {
  login: { isPaced: true, perSecond: 2.6, act: actions.login },
  signIn: { isPaced: true, perSecond: 0.4, act: actions.signIn },
  refresh: { isPaced: true, perSecond: 5, act: actions.refresh },
  logout: { isPaced: true, perSecond: 2, act: actions.logout, isLeaving: true },
  logoutAtKeycloak: { isPaced: true, perSecond: 0.6, act: actions.logoutAtKeycloak, isLeaving: true },
  signOut: { isPaced: true, perSecond: 0.4, act: actions.signOut, isLeaving: true },
  token: { perSecond: 170, act: (scene: actions.Scene) => actions.callProtected(scene, 'bearer') },
  cookie: { perSecond: 20, act: (scene: actions.Scene) => actions.callProtected(scene, 'cookie') },
  loggedOut: { perSecond: 15, act: actions.callLoggedOut },
} as const;

/** A load that goes on until it is stopped. */
export interface Load {
  readonly scene: actions.Scene;
  readonly tally: Tally;
  /** What is done to the installation from now on. */
  enter(phase: Phase): void;
  /** Asks every replica about everybody: who is signed in must be let in, who was logged out refused. */
  sweep(): Promise<Sweep>;
  /** Sends nothing more; resolves when every answer is there. */
  stop(): Promise<void>;
}

export interface Sweep {
  readonly live: number;
  readonly ended: number;
  readonly wrong: number;
}

/** @param pace from {@link measurePace} */
export function startLoad(cluster: Cluster, pace: number): Load {
  const tally = new Tally();
  const scene: actions.Scene = {
    ...{ url: cluster.url, keycloakUrl: cluster.keycloak.url, visits: new Visits(), tally },
    ...{ phase: QUIET, phaseBeganAt: performance.now() },
  };
  const underWay = new Set<Promise<void>>();
  const owed = new Map(Object.keys(RATES).map((name) => [name, 0]));
  let before = performance.now();
  let failure: unknown;

  function start(action: Promise<void>): void {
    const tracked = action
      .catch((error: unknown) => {
        failure ??= error;
      })
      .finally(() => underWay.delete(tracked));
    underWay.add(tracked);
  }

  const timer = setInterval(() => {
    const now = performance.now();
    // A loop that was held up does not catch up with a flood.
    const seconds = Math.min(now - before, 250) / 1000;
    before = now;
    scene.visits.tidy();
    const isFull = scene.visits.live.length >= POPULATION * pace;
    for (const [name, rate] of Object.entries(RATES)) {
      let due = (owed.get(name) ?? 0) + rate.perSecond * ('isPaced' in rate ? pace : 1) * seconds;
      for (; due >= 1; due--) {
        if (underWay.size >= MOST_UNDER_WAY) tally.skipped++;
        else if (!('isLeaving' in rate) || isFull) start(rate.act(scene));
      }
      owed.set(name, due);
    }
  }, 10);

  return {
    scene,
    tally,
    enter(phase) {
      scene.phase = phase;
      scene.phaseBeganAt = performance.now();
    },
    async sweep() {
      const { live, ended } = scene.visits;
      const now = performance.now();
      const out = ended.filter(({ refusedFrom }) => refusedFrom <= now);
      const wrongBefore = tally.letInWrongly.length + tally.signedOutWrongly.length;
      for (const visit of [...live, ...out]) {
        const kind =
          visit.state === 'ended'
            ? 'GET /protected, logged out'
            : visit.kind === 'bearer'
              ? 'GET /protected, token'
              : 'GET /protected, cookie';
        if (visit.expiresAt - performance.now() < 5_000) continue;
        await Promise.all(cluster.replicas.map(({ url }) => actions.check(scene, visit, kind, url)));
      }
      const wrong = tally.letInWrongly.length + tally.signedOutWrongly.length - wrongBefore;
      return { live: live.length, ended: out.length, wrong };
    },
    async stop() {
      clearInterval(timer);
      await Promise.all(underWay);
      if (failure !== undefined) throw failure;
    },
  };
}
