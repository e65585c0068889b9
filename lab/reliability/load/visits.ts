import type { Visit } from './visit.ts';

/** A token near its end proves nothing: it may be refused for that. Unit: milliseconds. */
const LAST_SECONDS = 20_000;
const MOST_ENDED = 1_000;

/** Everybody who is signed in, and who was. */
export class Visits {
  #live: Visit[] = [];
  #ended: Visit[] = [];

  get live(): readonly Visit[] {
    return this.#live;
  }

  /** Those that must be refused because they were logged out, not because they are old. */
  get ended(): readonly Visit[] {
    return this.#ended.filter((visit) => visit.state === 'ended' && !isOld(visit));
  }

  add(visit: Visit): void {
    this.#live.push(visit);
  }

  /** One that may send a request just now. */
  pickLive(kind: Visit['kind'], isFit: (visit: Visit) => boolean = () => true): Visit | undefined {
    return pick(
      this.#live,
      (visit) => visit.kind === kind && visit.state === 'live' && !isOld(visit) && isFit(visit),
    );
  }

  /** One to renew: the token that ends first. */
  pickToRefresh(): Visit | undefined {
    let first: Visit | undefined;
    for (const visit of this.#live) {
      if (visit.kind !== 'bearer' || visit.state !== 'live' || visit.isRefreshing) continue;
      if (first === undefined || visit.expiresAt < first.expiresAt) first = visit;
    }
    return first;
  }

  pickEnded(): Visit | undefined {
    return pick(this.#ended, (visit) => visit.state === 'ended' && !isOld(visit));
  }

  /** Moves those that ended; the oldest are forgotten. */
  tidy(): void {
    this.#ended.push(...this.#live.filter(({ state }) => state === 'ended'));
    this.#live = this.#live.filter(({ state }) => state === 'live' || state === 'ending');
    if (this.#ended.length > MOST_ENDED) this.#ended = this.#ended.slice(-MOST_ENDED);
  }
}

function isOld({ expiresAt }: Visit): boolean {
  return performance.now() > expiresAt - LAST_SECONDS;
}

/** At random; a few tries, so that it costs the same however many there are. */
function pick(visits: readonly Visit[], isFit: (visit: Visit) => boolean): Visit | undefined {
  for (let i = 0; i < 30; i++) {
    const visit = visits[Math.floor(Math.random() * visits.length)];
    if (visit !== undefined && isFit(visit)) return visit;
  }
  return undefined;
}
