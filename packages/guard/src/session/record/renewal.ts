import { setTimeout as sleep } from 'node:timers/promises';
import { ClientError, type Tokens } from '../../client/index.ts';
import { AuthError } from '../../core/index.ts';
import { createSingleFlight } from '../../core/internal.ts';
import type { ResolvedSessionOptions } from '../resolved-options.ts';
import type { LiveSession, SessionRecord } from './record.ts';

interface RenewalDeps {
  readonly options: ResolvedSessionOptions;
  load(session: LiveSession): Promise<LiveSession | null>;
  /** `null` where the session ended in the meantime. */
  replace(session: LiveSession, tokens: Tokens): Promise<SessionRecord | null>;
  end(session: LiveSession): Promise<void>;
}

/** Longest wait for another process. */
const PATIENCE_MS = 10_000;
const LOOK_AGAIN_MS = 50;

/**
 * Renews access tokens, once per session, however many requests come to how many processes.
 *
 * @returns gives the same session with new tokens; `null` where Keycloak says that it is over
 */
export function createRenewal({ options, load, replace, end }: RenewalDeps) {
  const { client, store } = options;
  // As long as Keycloak may take, for its discovery document and for the tokens; and longer than the store takes.
  const lockMs = Math.max(PATIENCE_MS, 2 * client.timeoutMs);
  const once = createSingleFlight<LiveSession | null>();

  /** @returns the session if another process renewed it, `null` if it has ended, otherwise `undefined` */
  async function renewedElsewhere(session: LiveSession): Promise<LiveSession | null | undefined> {
    const stored = await load(session);
    if (stored === null) return null;
    return stored.record.accessToken === session.record.accessToken ? undefined : stored;
  }

  async function run(session: LiveSession): Promise<LiveSession | null> {
    // Not by the clock that tests set: this is about how long others really take.
    const giveUpAt = performance.now() + PATIENCE_MS;
    for (;;) {
      const unlock = await lock(session.key);
      const elsewhere = await renewedElsewhere(session).catch(async (error: unknown) => {
        await unlock?.();
        throw error;
      });
      if (elsewhere !== undefined) {
        await unlock?.();
        return elsewhere && update(session, elsewhere.record);
      }
      if (unlock !== null) return callKeycloak(session).finally(unlock);
      if (performance.now() > giveUpAt) {
        throw new AuthError('provider_unavailable', 'Another process did not finish renewing the session');
      }
      await sleep(LOOK_AGAIN_MS);
    }
  }

  async function lock(key: string): Promise<(() => Promise<void>) | null> {
    const unlock = await store.lock(key, lockMs).catch((cause: unknown) => {
      throw new AuthError('session_store_unavailable', 'The session store cannot be reached', { cause });
    });
    // It ends by itself where it cannot be given back.
    return unlock && (() => unlock().catch(() => {}));
  }

  async function callKeycloak(session: LiveSession): Promise<LiveSession | null> {
    const { refreshToken } = session.record;
    let tokens: Tokens;
    try {
      if (refreshToken === null) {
        await end(session);
        return null;
      }
      tokens = await client.refresh(refreshToken);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      const { cause } = error.diagnosis;
      if (error.kind === 'provider_unavailable') throw new AuthError('provider_unavailable', cause);
      if (error.kind === 'client_misconfigured') throw new AuthError('provider_misconfigured', cause);
      // Where the lock was lost all the same, the token was used by another one.
      const elsewhere = await renewedElsewhere(session);
      if (elsewhere !== undefined) return elsewhere && update(session, elsewhere.record);
      await end(session);
      return null;
    }
    const record = await replace(session, tokens);
    return record === null ? null : update(session, record);
  }

  /** In place: every holder of the session gets the new tokens. */
  function update(session: LiveSession, record: SessionRecord): LiveSession {
    session.record = record;
    session.loadedAt = options.clock();
    return session;
  }

  return (session: LiveSession) => once(session.key, () => run(session));
}
