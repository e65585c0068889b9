import type { Issuer, TokenVerifier, Verifier } from '../core/index.ts';
import { toRealmUrl } from '../core/internal.ts';
import type { Claimant } from './identities.ts';
import { Newcomer } from './newcomer.ts';
import type { TenantSettings } from './options.ts';
import { unknownTenant } from './unknown-tenant.ts';

/** What an entry needs of the pool. */
export interface EntryHost {
  makeVerifier(entry: Entry): Verifier<object>;
  /** Asks whether the realm exists. @throws {AuthError} (rejects with one) `tenant_unknown`, `provider_unavailable` */
  findOut(entry: Entry): Promise<void>;
}

/**
 * A class, so that all entries have one shape: each request looks at the entry of another tenant. First
 * what each request reads.
 */
export class Entry implements Claimant {
  readonly settings: TenantSettings;
  /** Keycloak has answered: it is a realm. */
  isKnown = false;
  isClosed = false;
  isHolder = false;
  isSure = false;
  seen: object | null = null;
  #verifier: Verifier<object> | undefined;
  /** The verifier to hand out: until the realm has answered, one that is next to nothing. */
  handed: TokenVerifier<object>;
  usedAt: number;
  readonly key: string;
  readonly realm: string;
  readonly name: string;
  readonly baseUrl: string;
  readonly server: string;
  /** Keycloak said that the realm does not exist: until then it is not asked again. Unit: milliseconds, monotonic. */
  unknownUntil = 0;
  /** The question whether the realm exists, under way. */
  asking: Promise<void> | undefined;
  /** Its answer, for the verifier, which asks the same. */
  answer: Promise<Response> | undefined;
  readonly #host: EntryHost;

  constructor(key: string, settings: TenantSettings, serverUrl: string, usedAt: number, host: EntryHost) {
    const { realm = '', tenant = realm } = settings;
    this.key = key;
    // The application may write another tenant into the same object.
    this.settings = { ...settings };
    this.realm = realm;
    this.name = tenant;
    this.baseUrl = toRealmUrl(serverUrl, realm);
    this.server = new URL(serverUrl).origin;
    this.usedAt = usedAt;
    this.#host = host;
    this.handed = new Newcomer(this, () => host.findOut(this));
  }

  /** Made when it is first needed: anybody can make up names. */
  get verifier(): Verifier<object> {
    if (this.#verifier === undefined) {
      this.#verifier = this.#host.makeVerifier(this);
      if (this.isClosed) void this.#verifier.close();
    }
    return this.#verifier;
  }

  get isMade(): boolean {
    return this.#verifier !== undefined;
  }

  get issuer(): Issuer {
    return this.verifier.issuer;
  }

  assertNotUnknown(): void {
    if (this.unknownUntil > performance.now())
      throw unknownTenant(`${this.server} has no realm ${this.realm}`);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.#verifier?.close();
  }
}
