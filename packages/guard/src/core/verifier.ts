import { createSenderCheck, type Possession, type SenderCheck } from './binding/sender-check.ts';
import type { SignInRules } from './guards/sign-in.ts';
import { AuthError } from './http/errors.ts';
import type { Observer } from './observer.ts';
import { type ResolvedOptions, resolveOptions, type VerifierOptions } from './options.ts';
import type { AppClaims, Claims, Principal, WithParser } from './principal/principal.ts';
import { createIssuer, type Discovery, type Issuer } from './realm/issuer.ts';
import { createKeySet } from './realm/keys.ts';
import { createOutage, type Outage } from './realm/outage.ts';
import { createEpoch, createRevocationList } from './revocation/revocation-list.ts';
import { createRevocationLog, type Revocation, type TenantRevocations } from './revocation/revocation-log.ts';
import {
  createCatchUp,
  createMemoryRevocationStore,
  createSharedIssuerCheck,
  type ProofStore,
  type RevocationStore,
} from './revocation/revocation-store.ts';
import { once } from './runtime/cache.ts';
import { loadPart } from './runtime/concurrency.ts';
import type { Notice } from './runtime/notice.ts';
import { keepTickShape } from './runtime/platform.ts';
import { createCoverage } from './token/freshness.ts';
import { createRemoteCheck } from './token/recheck.ts';
import { createStats, type VerifierStats, type VerifierStatus } from './token/stats.ts';
import { createTokenJudge } from './token/token-judge.ts';
import type { VerifyContext } from './token/verify.ts';
import { rememberParts, type VerifierParts } from './verifier-parts.ts';

/** Verifies access tokens, of one issuer or of several. */
export interface TokenVerifier<C extends object = AppClaims> {
  /** One for each issuer. */
  readonly members: readonly Verifier<C>[];
  /** The client whose roles a guard means where it names none: that of the first member. */
  readonly clientId: string;
  /** See `Verifier.verify`. */
  verify(token: string, possession?: Possession): Principal<C> | Promise<Principal<C>>;
  /** How guards check that a token's sender may use it. Without it, bearer tokens are all that is accepted. */
  readonly sender?: SenderCheck;
  /** How guards judge the sign-in behind a token. */
  readonly signInRules?: SignInRules;
  /** See `Verifier.load`. */
  load(): Promise<void>;
  /** See `Verifier.close`. */
  close(): Promise<void>;
}

/** Verifies the access tokens of one realm for one API. */
export interface Verifier<C extends object = AppClaims> extends TokenVerifier<C> {
  /** The realm. */
  readonly issuer: Issuer;
  /** Whether Keycloak answers. Others who call it can report their results here. */
  readonly outage: Outage;
  readonly stats: VerifierStats;
  /**
   * The principal of a token: at once when the token is known, as a promise otherwise.
   *
   * @param possession what its sender shows beside it, for a token that is bound to a key or a certificate. Proofs are not
   * checked here: `authenticate` does, with the whole request
   * @throws {AuthError} (or rejects with one) a `token_…` or `provider_…` code
   */
  verify(token: string, possession?: Possession): Principal<C> | Promise<Principal<C>>;
  /** True when `verify` would find the token in memory. */
  isKnown(token: string): boolean;
  /** Keys, issuer and rules, for other JWTs that the realm signs (logout tokens). */
  readonly context: VerifyContext;
  /**
   * Makes tokens bad, here at once, elsewhere through the revocation store. Rejects (`revocation_not_shared`) when it
   * cannot be shared. Of a session that ended, the tokens issued before are bad: by default those issued until now, plus the
   * tolerance for clocks that differ.
   */
  revoke(revocation: Revocation): Promise<void>;
  /** Tells the listener that was given as `onNotice`. */
  notify(notice: Notice): void;
  /** True the first time, false after that. See `RevocationStore.useOnce`. */
  useOnce(id: string, expiresAt: number): Promise<boolean>;
  /**
   * Loads issuer and keys, and repeats it in the background; reads the files of the credential. Resolves after the first try. Never
   * rejects. The first token loads the keys, too: call this to spare that request the wait.
   */
  load(): Promise<void>;
  status(): VerifierStatus;
  /** Whether the option `revocationStore` was given. Without it, revocations stay in this process. */
  readonly hasRevocationStore: boolean;
  /** Ends every timer. Known tokens are still accepted. */
  close(): Promise<void>;
}

/**
 * Makes a verifier. No I/O until `load` or `verify` is called; from then on keys are loaded in the background, until
 * `close`.
 *
 * @throws {OptionsError} naming every option that is missing, wrong or unknown
 * @example
 * const verifier = createVerifier({ serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api' });
 * const principal = await verifier.verify(token);
 */
export function createVerifier<C extends object = Claims>(
  options: VerifierOptions<C> & WithParser<C>,
): Verifier<C> {
  return makeVerifier(options);
}

/**
 * @param hub the revocations of the tenant, where there are many. The verifier has no timer of its own then: its owner calls
 *   `refreshKeys` of its parts
 * @param tenant its name: `principal.tenant` of every caller
 */
export function makeVerifier<C extends object>(
  options: VerifierOptions<C>,
  hub?: TenantRevocations,
  tenant?: string,
): Verifier<C> {
  const resolved = resolveOptions(options, tenant);
  keepTickShape();
  const epoch = createEpoch();
  const { serverUrl, realm, timeoutMs, fetch, observers } = resolved;
  const issuer = createIssuer({ serverUrl, realm, issuer: resolved.issuer, timeoutMs, fetch });
  const outage = createOutage(resolved.onNotice);
  const keys = createKeySet(issuer, resolved, epoch, outage, hub === undefined);
  const remote = createRemoteCheck(issuer, resolved, outage);
  const stats = createStats();
  // Asked for after a key was found, and no key is loaded before the issuer is.
  const toIssuer = () => {
    const current = (issuer.current as Discovery).issuer;
    checkShared?.(current);
    return current;
  };
  // Only the necessary options: a printed verifier shows them.
  const { algorithms, audience, clientId, clock, clockToleranceSeconds, tenants } = resolved;
  const context: VerifyContext = Object.freeze({
    keys,
    issuer: toIssuer,
    options: Object.freeze({ algorithms, audience, clientId, clock, clockToleranceSeconds, tenants }),
  });
  const store = resolved.revocationStore ?? createMemoryRevocationStore(resolved.clock);
  // Those of tenants are kept apart by the tenant's name.
  const checkShared =
    resolved.revocationStore && hub === undefined
      ? createSharedIssuerCheck(
          store,
          { baseUrl: issuer.baseUrl, isPinned: issuer.pinned !== null },
          resolved.onNotice,
        )
      : undefined;
  const log = hub?.log ?? createRevocationLog(undefined, store.rememberSeconds);
  const revocations = createRevocationList(epoch, log);
  const coverage = createCoverage();
  const atClose = new Set<() => Promise<void>>();
  const catchUp = createCatchUp(store);
  const judge = createTokenJudge({
    ...{ options: resolved, context, epoch, revocations, remote, stats, coverage },
    self: () => verifier,
    whenCaughtUp: catchUp.whenDone,
    // Where nobody else listens, it is known already.
    share: resolved.revocationStore ? (one) => store.add(one).catch(() => {}) : async () => {},
  });
  const sender = createSender(resolved, store);
  const { publicUrl, acrLevels } = resolved;
  // Of tenants alone, whose issuers are pinned.
  const isOwn = (revocation: Revocation): boolean => revocation.issuer === issuer.pinned;
  const unsubscribe =
    hub?.listen((revocation) => {
      if (!isOwn(revocation)) return;
      stats.revocations++;
      revocations.noteArrival(revocation);
    }) ??
    store.subscribe((revocation) => {
      stats.revocations++;
      revocations.add(revocation);
    });

  const { countTokens } = judge;
  const status = () => statusOf({ clock, issuer, keys, countTokens, revocations, outage });

  const rest: Omit<Verifier<C>, 'members'> = {
    issuer,
    outage,
    clientId: resolved.clientId,
    sender,
    signInRules: Object.freeze({ acrLevels, clock, clockToleranceSeconds }),
    stats,
    context,
    verify: observed(judge, observers),
    isKnown: judge.isKnown,
    async revoke(revocation) {
      const dated = withDate(revocation, resolved);
      // First here: this process knows, even if the store fails.
      (hub ?? revocations).add(dated);
      try {
        await store.add(dated);
      } catch (cause) {
        throw new AuthError('revocation_not_shared', 'The revocation could not be shared', { cause });
      }
    },
    notify: resolved.onNotice,
    useOnce: (id, expiresAt) => store.useOnce(id, expiresAt),
    load: async () => {
      await Promise.all([credential.load(), keys.start()]);
    },
    hasRevocationStore: hub?.isShared ?? resolved.revocationStore !== undefined,
    status,
    async close() {
      await Promise.all([...atClose].map((end) => end()));
      keys.close();
      unsubscribe();
      for (const end of watching) end?.();
    },
  };
  // Not shown, because it would show itself.
  const verifier = Object.defineProperty(rest, 'members', { value: [rest] }) as Verifier<C>;
  const { credential, tokenCheck } = resolved;
  // A tenant comes into memory in the middle of requests: the first of them waits for no store and no events.
  const holdNewTokens = hub === undefined ? catchUp.hold : () => {};
  const { changedAt } = revocations;
  const revokeHere = (revocation: Revocation) => (hub ?? revocations).add(revocation, true);
  const eventListeners = observers.filter(({ event }) => event !== undefined);
  const events: VerifierParts['events'] = {};
  rememberParts(verifier, {
    ...{ credential, tokenCheck, tenants, realm, timeoutMs, fetch, publicUrl, eventListeners },
    ...{ store, events, coverage, holdNewTokens, atClose, changedAt, revokeHere, refreshKeys: keys.refresh },
  });
  const watching = observers.map((one) => one.watch?.({ stats, status, store, events }));
  return verifier;
}

/** The checks of proofs and certificates, whose code is loaded now where options turn them on. */
function createSender(
  {
    dpop,
    publicUrl,
    clientCertificate,
    clock,
  }: Pick<ResolvedOptions, 'dpop' | 'publicUrl' | 'clientCertificate' | 'clock'>,
  store: RevocationStore,
): SenderCheck {
  // Options without it, and with a mode other than off, were refused; a route may have another mode.
  const useProofOnce = async (id: string, until: number) => (store as ProofStore).useProofOnce(id, until);
  const proofs = once(
    () =>
      loadPart(async () =>
        (await import('./binding/dpop-check.ts')).createDpopCheck(dpop, useProofOnce, clock),
      ).loading,
  );
  if (dpop.mode !== 'off') proofs();
  return createSenderCheck({
    ...{ dpop, proofs, publicUrl },
    certificateOf:
      clientCertificate === 'off'
        ? undefined
        : loadPart(async () =>
            (await import('./binding/read-certificate.ts')).createCertificateReader(clientCertificate),
          ),
  });
}

interface StatusParts {
  readonly clock: () => number;
  readonly issuer: Issuer;
  readonly keys: ReturnType<typeof createKeySet>;
  readonly countTokens: () => number;
  readonly revocations: ReturnType<typeof createRevocationList>;
  readonly outage: Outage;
}

const statusOf = ({
  clock,
  issuer,
  keys: { state },
  countTokens,
  revocations,
  outage,
}: StatusParts): VerifierStatus => ({
  issuer: issuer.current?.issuer ?? null,
  keysLoaded: state.loadedAt !== null,
  keysAgeSeconds: state.loadedAt === null ? null : (clock() - state.loadedAt) / 1000,
  keysFetches: state.fetches,
  cachedTokens: countTokens(),
  revocations: revocations.size(),
  isProviderDown: outage.isDown(),
  lastError: state.lastError,
});

/** Observers run what checks a token that is not in memory; a known one costs them nothing. */
function observed<C extends object>(
  { verify, isKnown }: Pick<Verifier<C>, 'verify' | 'isKnown'>,
  observers: readonly Observer[],
): Verifier<C>['verify'] {
  return observers.reduce<Verifier<C>['verify']>((inner, one) => {
    if (one.check === undefined) return inner;
    const check = one.check.bind(one);
    return (token, possession) =>
      isKnown(token) ? inner(token, possession) : check(async () => inner(token, possession));
  }, verify);
}

/** Adds the clock tolerance, so tokens issued just before the end are covered. */
function withDate(revocation: Revocation, options: VerifyContext['options']): Revocation {
  const now = options.clock() / 1000;
  switch (revocation.type) {
    case 'session':
      return { ...revocation, endedAt: revocation.endedAt ?? now + options.clockToleranceSeconds };
    case 'not-before':
    case 'recheck':
    case 'change':
      return { ...revocation, setAt: revocation.setAt ?? now };
    default:
      return revocation;
  }
}
