import { createMemoryRevocationStore, type ProofStore } from '../core/index.ts';
import type { RedisConnection } from './connection.ts';

/** Least and most time for which the id of a logout token stays claimed. Unit: seconds. */
const [SHORTEST_CLAIM, LONGEST_CLAIM] = [600, 86_400];

/** Ids that are valid once in all processes: those of logout tokens and of DPoP proofs. */
export function createClaims(
  connection: RedisConnection,
  keyPrefix: string,
): Pick<ProofStore, 'useOnce' | 'useProofOnce'> {
  const local = createMemoryRevocationStore();
  const secondsUntil = (expiresAt: number): number => Math.ceil(expiresAt - Date.now() / 1000);

  /** @throws {RedisUnavailable} rejects if Redis does not answer */
  async function claim(key: string, seconds: number): Promise<boolean> {
    const expiration = { type: 'EX', value: seconds } as const;
    return (await connection.run((client) => client.set(key, '1', { condition: 'NX', expiration }))) !== null;
  }

  return {
    async useOnce(id, expiresAt) {
      // The local answer is enough for a "no". A logout must not fail because Redis is down.
      if (!(await local.useOnce(id, expiresAt))) return false;
      const seconds = Math.min(Math.max(secondsUntil(expiresAt), SHORTEST_CLAIM), LONGEST_CLAIM);
      return claim(`${keyPrefix}:claim:${id}`, seconds).catch(() => true);
    },
    // Unlike a logout, a request can be refused while Redis cannot say whether another replica saw its proof.
    useProofOnce: (id, expiresAt) => claim(`${keyPrefix}:proof:${id}`, Math.max(secondsUntil(expiresAt), 1)),
  };
}
