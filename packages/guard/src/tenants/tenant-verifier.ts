import { createHash } from 'node:crypto';
import {
  createMemoryRevocationStore,
  OptionsError,
  type ProofStore,
  type RevocationStore,
  type Verifier,
  type VerifierOptions,
} from '../core/index.ts';
import {
  createBudget,
  findOptionProblems,
  isCredential,
  MAX_PROOFS,
  makeVerifier,
  type OptionRule,
  type OptionRules,
  REMEMBER_SECONDS,
  toRealmUrl,
  VERIFIER_RULES,
} from '../core/internal.ts';
import { isSameOrigin, type TenantSettings } from './options.ts';
import { createRevocationHub, MOST_OF_ONE_TENANT, toSharedIssuer } from './revocation-hub.ts';

/** Options that all tenants share. */
export type CommonOptions = Partial<VerifierOptions<object>>;

/**
 * Makes the verifiers of tenants. Revocations, used proofs and logout tokens are in one store, apart by the address of the realm:
 * another server cannot claim it, and two names of one realm share them.
 */
export function createVerifierMaker(common: CommonOptions) {
  const { revocationStore, clock = () => Date.now() } = common;
  const hub = createRevocationHub(revocationStore);
  const memory = createMemoryRevocationStore(clock);
  const ofIds = createBudget(MOST_IDS_OF_ONE_REALM, clock);
  // Without a store nothing is shared.
  const most = revocationStore === undefined ? Number.POSITIVE_INFINITY : MOST_OF_ONE_TENANT;
  const ofRevocations = createBudget(most, clock, revocationStore?.rememberSeconds ?? REMEMBER_SECONDS);
  const shared = (revocationStore ?? memory) as ProofStore;

  return {
    /** @throws {OptionsError | TypeError} for settings that are wrong, or none */
    make(name: string, settings: TenantSettings, onNotice: VerifierOptions['onNotice']): Verifier<object> {
      const options = toVerifierOptions(common, settings);
      // Two names may have one realm: its logouts count for both.
      const realmUrl = toRealmUrl((settings.serverUrl ?? common.serverUrl) as string, settings.realm);
      return makeVerifier<object>(
        {
          ...options,
          onNotice,
          revocationStore: toRealmStore(shared, realmUrl, ofIds, ofRevocations),
        } as VerifierOptions<object>,
        hub.of(realmUrl, options.issuer),
        name,
      );
    },
    close: () => hub.close(),
  };
}

/** The rules for the settings of a tenant. */
const SETTING_RULES: OptionRules<TenantSettings> = {
  // With the options of all tenants, the verifier names a missing one.
  serverUrl: mayBeMissing(VERIFIER_RULES.serverUrl),
  clientId: mayBeMissing(VERIFIER_RULES.clientId),
  realm: VERIFIER_RULES.realm,
  issuer: VERIFIER_RULES.issuer,
  clientSecret: VERIFIER_RULES.clientSecret,
  // One that was made is another object at each look-up: nothing says whether it is still the same.
  credential: {
    rule: 'must be the options of a credential, and not what createCredential returned',
    example: "{ keyFile: '/run/secrets/client-key.pem' }",
    accepts: (value) => VERIFIER_RULES.credential.accepts(value) && !isCredential(value),
  },
  audience: VERIFIER_RULES.audience,
  publicUrl: VERIFIER_RULES.publicUrl,
  acrLevels: VERIFIER_RULES.acrLevels,
  clientCertificate: VERIFIER_RULES.clientCertificate,
};

function mayBeMissing({ isRequired: _, ...rule }: OptionRule): OptionRule {
  return rule;
}

/**
 * The options of one tenant's verifier.
 *
 * @throws {OptionsError} naming every setting that is missing, wrong or unknown
 */
function toVerifierOptions(
  { clientSecret, credential, ...rest }: CommonOptions,
  settings: TenantSettings,
): { readonly issuer: string } {
  const problems = findOptionProblems(settings, SETTING_RULES);
  const { serverUrl = rest.serverUrl, clientId = rest.clientId } = settings;
  for (const [option, value] of Object.entries({ serverUrl, clientId })) {
    if (value === undefined) problems.push({ option, ...SETTING_RULES[option as 'serverUrl'] });
  }
  const isOwn = (settings.clientSecret ?? settings.credential) !== undefined;
  const isProved = (clientSecret ?? credential) !== undefined;
  if (problems.length === 0 && isProved && !isOwn && !isSameOrigin(serverUrl, rest.serverUrl)) {
    const rule =
      'must stand beside a serverUrl of another origin: the credential of all tenants is not sent there';
    problems.push({ option: 'credential', rule, example: "{ key: '…' }, or clientSecret" });
  }
  if (problems.length > 0) throw new OptionsError('tenants', problems);
  return {
    ...rest,
    ...(!isOwn && { clientSecret, credential }),
    ...settings,
    // A realm says itself who it is: it is believed about its own address, and otherwise the settings say it.
    issuer: settings.issuer ?? toRealmUrl(serverUrl as string, settings.realm),
  };
}

/** In a window. Those of two windows are remembered at a time: of one realm, a quarter of what a process remembers. */
const MOST_IDS_OF_ONE_REALM = MAX_PROOFS / 8;

type Budget = ReturnType<typeof createBudget>;

/**
 * The store of all as the verifier of one realm sees it, by the realm's address. No realm fills it: what is too much is refused, and
 * counts in this process alone.
 */
function toRealmStore(
  store: ProofStore,
  realmUrl: string,
  ofIds: Budget,
  ofRevocations: Budget,
): RevocationStore {
  function assertNotSpent(budget: Budget): void {
    if (budget.isSpent(realmUrl))
      throw new RangeError(`The realm ${realmUrl} fills the store of all tenants`);
  }
  async function use(take: (id: string) => Promise<boolean>, id: string): Promise<boolean> {
    assertNotSpent(ofIds);
    const isFirst = await take(toRealmId(realmUrl, id));
    if (isFirst) ofIds.spend(realmUrl);
    return isFirst;
  }
  return {
    get rememberSeconds() {
      return store.rememberSeconds;
    },
    get isCaughtUp() {
      return store.isCaughtUp;
    },
    get isConnected() {
      return store.isConnected;
    },
    get waiting() {
      return store.waiting;
    },
    get lagSeconds() {
      return store.lagSeconds;
    },
    async add(one) {
      assertNotSpent(ofRevocations);
      ofRevocations.spend(realmUrl);
      await store.add({ ...one, issuer: toSharedIssuer(realmUrl, one.issuer) });
    },
    // The hub of all tenants listens for them.
    subscribe: () => () => {},
    useOnce: (id, until) => use((own) => store.useOnce(own, until), id),
    useProofOnce: (id, until) => use((own) => store.useProofOnce(own, until), id),
    ...(store.whenCaughtUp && { whenCaughtUp: (timeoutMs: number) => store.whenCaughtUp?.(timeoutMs) }),
  } as RevocationStore;
}

/** As long as the id of a proof. */
function toRealmId(realmUrl: string, id: string): string {
  return createHash('sha256')
    .update(JSON.stringify([realmUrl, id]))
    .digest('base64url')
    .slice(0, 22);
}
