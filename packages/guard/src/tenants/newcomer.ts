import type { Principal, TokenVerifier, Verifier } from '../core/index.ts';
import { readCompactJws } from '../core/internal.ts';

/** The realm behind it. */
export interface Found {
  /** Made when it is first read. */
  readonly verifier: Verifier<object>;
  assertNotUnknown(): void;
}

type Sender = NonNullable<TokenVerifier<object>['sender']>;

/**
 * Stands for the verifier of a realm that has not answered yet. Anybody can make up names: with a token, the verifier is made after
 * Keycloak has said that there is such a realm.
 */
export class Newcomer implements TokenVerifier<object> {
  readonly #entry: Found;
  readonly #findOut: () => Promise<void>;

  constructor(entry: Found, findOut: () => Promise<void>) {
    this.#entry = entry;
    this.#findOut = findOut;
  }

  get members(): readonly Verifier<object>[] {
    return this.#entry.verifier.members;
  }

  get clientId(): string {
    return this.#entry.verifier.clientId;
  }

  get signInRules() {
    return this.#entry.verifier.signInRules as NonNullable<Verifier<object>['signInRules']>;
  }

  get sender(): Sender {
    const real = (): Sender => this.#entry.verifier.sender as Sender;
    const found = async (token: string): Promise<Sender> => {
      await this.#findOutFor(token);
      return real();
    };
    return {
      get mode() {
        return real().mode;
      },
      // Then every token comes by here.
      readsCertificates: true,
      verifyBearer: async (...asked) => (await found(asked[1])).verifyBearer(...asked),
      verifyProved: async (...asked) => (await found(asked[1])).verifyProved(...asked),
      challenged: (...asked) => real().challenged(...asked),
    };
  }

  /** A name that is made up is refused as one that does not exist, and not as a fault. */
  async verify(...[token, shown]: Parameters<Verifier<object>['verify']>): Promise<Principal<object>> {
    await this.#findOutFor(token);
    try {
      return await this.#entry.verifier.verify(token, shown);
    } catch (error) {
      this.#entry.assertNotUnknown();
      throw error;
    }
  }

  /** What is no token costs no question. */
  async #findOutFor(token: string): Promise<void> {
    readCompactJws(token);
    await this.#findOut();
  }

  load(): Promise<void> {
    return this.#entry.verifier.load();
  }

  close(): Promise<void> {
    return this.#entry.verifier.close();
  }
}
