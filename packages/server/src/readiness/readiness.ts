import type { FastifyInstance } from 'fastify';
import { ClientError, type KeycloakClient } from 'keycloak-guard/client';
import type { Logger } from '../log/logger.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Finds out whether Keycloak takes this service as its client; until then, and if not, it is not ready. */
    checkClient: () => void;
    /**
     * From now on `/health/ready` is 503, and every answer closes its connection: load balancers and proxies send
     * their requests elsewhere. What comes all the same is answered.
     */
    drain: () => void;
  }
}

/** Checks that Keycloak takes this service as its client. */
export type ClientCheck = ReturnType<typeof createClientCheck>;

interface ClientCheckOptions {
  readonly client: Pick<KeycloakClient, 'refresh'>;
  readonly logger: Logger | undefined;
  /** First pause between two questions; each is twice as long. Unit: milliseconds. */
  readonly pauseMs?: number;
}

const LONGEST_PAUSE_MS = 60_000;
const DOCTOR = 'npx keycloak-guard doctor';

/** No token. Keycloak checks the client first: if it refuses only this, client and secret are right. */
const NO_TOKEN = 'keycloak-guard-checks-its-client';

const DETAILS = {
  pending: 'Not asked yet',
  accepted: 'Accepted by Keycloak',
  refused: 'Not accepted by Keycloak: see the log',
  unknown: 'Keycloak could not be asked: see the log',
} as const;

/**
 * Finds at the start, and not at the first login: a wrong address, realm, client or secret. A process that
 * was accepted once stays ready: a secret that is changed later takes no replica away that verifies tokens, but is said.
 */
export function createClientCheck({ client, logger, pauseMs = 5_000 }: ClientCheckOptions) {
  let state: keyof typeof DETAILS | undefined;
  let reported: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  let wasAccepted = false;
  let isAsking = false;
  /** Keycloak came back while a question was under way, which may still fail. */
  let isDue = false;

  function accept(): void {
    clearTimeout(timer);
    wasAccepted = true;
    state = 'accepted';
    if (reported !== undefined) logger?.info({ code: 'client_accepted' }, 'Keycloak accepts this client');
    reported = undefined;
  }

  async function ask(pause: number): Promise<void> {
    clearTimeout(timer);
    isAsking = true;
    isDue = false;
    const error = await client.refresh(NO_TOKEN).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    isAsking = false;
    if (isClosed) return;
    if (!(error instanceof ClientError) || error.kind === 'invalid_credentials') return accept();
    if (isDue) return ask(pauseMs);
    const isRefused = error.kind === 'client_misconfigured';
    // Keycloak has said that the set-up is wrong: that it is away now makes it no better.
    if (isRefused || state !== 'refused') state = isRefused ? 'refused' : 'unknown';
    report(error, isRefused);
    timer = setTimeout(() => void ask(Math.min(pause * 2, LONGEST_PAUSE_MS)), pause).unref();
  }

  /** Once for each cause. */
  function report({ diagnosis: { id, cause, fix } }: ClientError, isRefused: boolean): void {
    if (id === reported) return;
    reported = id;
    const fields = {
      code: isRefused ? 'client_refused' : 'client_unchecked',
      id,
      fix,
      doctor: DOCTOR,
    };
    if (isRefused) logger?.error(fields, `this service is not set up right: ${cause}`);
    else logger?.warn(fields, `it is not known whether this service is set up right: ${cause}`);
  }

  /** The client was accepted, and a call says that something is wrong with it, or with what it asked for. */
  function askAgain(): void {
    if (state === 'accepted' && !isAsking) void ask(pauseMs);
  }

  return {
    askAgain,
    /** It can say now whether the client is right: no pause is waited for, and until it has said so this service is not ready. */
    keycloakIsThere(): void {
      if (state === 'unknown') state = 'pending';
      if (state !== 'pending') return;
      if (isAsking) isDue = true;
      else void ask(pauseMs);
    },
    /** A call was answered, with this error or a success. */
    note(error: ClientError | undefined): void {
      if (error?.kind === 'client_misconfigured') askAgain();
      else if (error === undefined && (state === 'refused' || state === 'unknown')) accept();
    },
    /**
     * Until the first answer is there, and while the answer is that the set-up is wrong. A Keycloak that cannot say does not
     * stand in the way: tokens whose keys are known can be verified without it.
     */
    get isInTheWay(): boolean {
      return !wasAccepted && (state === 'pending' || state === 'refused');
    },
    /** For `/health/ready`; `undefined` where it was never asked. */
    get status(): { readonly ok: boolean; readonly detail: string } | undefined {
      return state === undefined ? undefined : { ok: state === 'accepted', detail: DETAILS[state] };
    },
    /** Asks repeatedly until Keycloak has accepted the client once. */
    start(): void {
      state = 'pending';
      void ask(pauseMs);
    },
    close(): void {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}

/** Whether this process is about to end. */
export interface Draining {
  readonly isDraining: boolean;
}

export function addDrain(app: FastifyInstance): Draining {
  const draining = { isDraining: false };
  app.decorate('drain', () => {
    draining.isDraining = true;
  });
  return draining;
}
