import { AuthError, type Issuer } from '../core/index.ts';

/** A realm that has answered, as far as it matters who it says it is. */
export interface Claimant {
  /** Name of the tenant. */
  readonly name: string;
  readonly realm: string;
  /** Origin of the server. */
  readonly server: string;
  readonly issuer: Issuer;
  /** Address of the realm. */
  readonly baseUrl: string;
  /** The discovery document that was last looked at; `null` where something was wrong with it. */
  seen: object | null;
  /** Its issuer is in the settings, or is its own address. */
  isSure: boolean;
  /** Holds its name and its realm, against others in memory. */
  isHolder: boolean;
  /** It has left memory and holds nothing. A request that began before may still ask it. */
  readonly isClosed: boolean;
}

/**
 * Keeps identities apart: no two realms in memory have one name, no realm has two names, and none takes the issuer of another
 * server's.
 *
 * @param home the server that all tenants share, unless their settings name another one
 * @param tell reports a mistake, not for each request
 */
export function createIdentities<C extends Claimant>(
  home: string | undefined,
  tell: (claimant: C, message: string, fix: string) => void,
) {
  const holders = new Map<string, Set<C>>();
  const servers = new Set<string>();

  function refuse(claimant: C, message: string, fix: string): never {
    claimant.seen = null;
    tell(claimant, message, fix);
    throw new AuthError('provider_misconfigured', message);
  }

  /** Applications keep data by tenant and by issuer: two of a name would share it. */
  function hold(claimant: C): void {
    const { name } = claimant;
    const at = claimant.baseUrl;
    const keys = keysOf(claimant);
    for (const rival of keys.flatMap((key) => [...(holders.get(key) ?? [])])) {
      const both = `${rival.baseUrl} and ${at}`;
      if (rival.baseUrl !== at) {
        refuse(claimant, `Two realms have the name ${name}: ${both}`, 'Give each the setting tenant');
      }
      if (rival.name !== name) {
        refuse(claimant, `The realm ${at} has two names: ${rival.name} and ${name}`, 'Give it one');
      }
    }
    if (claimant.isClosed) return;
    for (const key of keys) holders.set(key, (holders.get(key) ?? new Set()).add(claimant));
    claimant.isHolder = true;
  }

  /**
   * A realm says itself what its issuer is, and could say that it is another one. Whoever runs one server may be believed
   * about its realms, each by its name. Of several servers, each is believed about its own address: also before another one is
   * asked, so that it matters to nobody which is the first.
   */
  function look(claimant: C): void {
    servers.add(claimant.server);
    const { baseUrl } = claimant;
    const { current, pinned } = claimant.issuer;
    const issuer = pinned ?? current?.issuer ?? baseUrl;
    claimant.isSure = pinned !== null || issuer === baseUrl;
    if (!claimant.isSure && !issuer.endsWith(`/realms/${encodeURIComponent(claimant.realm)}`)) {
      refuse(claimant, `The realm ${baseUrl} says that it is ${issuer}`, 'Set the issuer of the tenant');
    }
    claimant.seen = current;
  }

  return {
    /** @throws {AuthError} `provider_misconfigured` for a realm that is mixed up with another one */
    assertItself(claimant: C): void {
      if (!claimant.isHolder) hold(claimant);
      const { current } = claimant.issuer;
      if (claimant.seen !== current || current === null) look(claimant);
      if (claimant.isSure || (claimant.server === home && servers.size < 2)) return;
      const message = `The tenants may be on several servers, and ${claimant.baseUrl} says that it is ${current?.issuer}`;
      refuse(claimant, message, 'Set the issuer of each tenant, or one serverUrl for all of them');
    },
    drop(claimant: C): void {
      for (const key of keysOf(claimant)) {
        const same = holders.get(key);
        same?.delete(claimant);
        if (same?.size === 0) holders.delete(key);
      }
    },
  };
}

const keysOf = ({ name, baseUrl }: Claimant): string[] => [`name ${name}`, `realm ${baseUrl}`];
