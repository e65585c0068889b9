import { networksOf } from 'keycloak-guard/limits';

export { addressOf } from 'keycloak-guard/limits';

/**
 * The line in which a request waits, and the crowd to which that line belongs. Whoever has many networks of 64 bits has them
 * in one of 48; and whoever has many of those has them in one of 32.
 */
export function lineOf(address: string): { readonly network: string; readonly crowd: string } {
  const [crowd = address, network = address] = networksOf(address, [16, 32], [32, 48]);
  return { network, crowd };
}
