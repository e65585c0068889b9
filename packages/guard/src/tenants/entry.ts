import type { Issuer, Verifier } from '../core/index.ts';
import type { Claimant } from './identities.ts';
import type { TenantSettings } from './options.ts';
import { unknownTenant } from './unknown-tenant.ts';

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
  readonly issuer: Issuer;
  /** The verifier to hand out: until the realm has answered, one that finds made-up names. */
  handed: Verifier<object>;
  usedAt: number;
  readonly key: string;
  readonly realm: string;
  readonly name: string;
  readonly server: string;
  readonly verifier: Verifier<object>;
  /** Keycloak said that the realm does not exist: until then it is not asked again. Unit: milliseconds, monotonic. */
  unknownUntil = 0;

  constructor(
    key: string,
    settings: TenantSettings,
    { realm, tenant }: { readonly realm: string; readonly tenant: string },
    usedAt: number,
    makeVerifier: (entry: Entry) => Verifier<object>,
  ) {
    this.key = key;
    this.settings = settings;
    this.realm = realm;
    this.name = tenant;
    this.usedAt = usedAt;
    this.verifier = makeVerifier(this);
    this.issuer = this.verifier.issuer;
    this.handed = toNewcomer(this);
    this.server = new URL(this.issuer.baseUrl).origin;
  }

  assertNotUnknown(): void {
    if (this.unknownUntil > performance.now())
      throw unknownTenant(`${this.server} has no realm ${this.realm}`);
  }
}

/** Refuses a made-up name as one that does not exist, and not as a fault. */
function toNewcomer(entry: Entry): Verifier<object> {
  return {
    ...entry.verifier,
    members: entry.verifier.members,
    async verify(token, shown) {
      try {
        return await entry.verifier.verify(token, shown);
      } catch (error) {
        entry.assertNotUnknown();
        throw error;
      }
    },
  };
}
