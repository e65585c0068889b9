// Where nothing is said for the whole app, each verifier has claims of its own. Compiled with the tests, and never run.
import { type Claims, createVerifier, type Principal, principalOf, type Verifier } from 'keycloak-guard';

const keycloak = { serverUrl: 'http://localhost:8080', realm: 'testing', clientId: 'my-api' };

export const asSigned: Principal = await createVerifier(keycloak).verify('token');
export const email: unknown = asSigned.claims.email;
// @ts-expect-error What a token holds is not known before somebody looked.
export const unchecked: string = asSigned.claims.email;

const parsed = createVerifier({ ...keycloak, parseClaims: (claims) => ({ tenant: String(claims.tenant) }) });
export const verifier: Verifier<{ tenant: string }> = parsed;
const principal = await parsed.verify('token');
export const tenant: string = principal.claims.tenant;
// @ts-expect-error No such claim.
principal.claims.email;

interface MyClaims {
  readonly tenant: string;
}
export const named = createVerifier<MyClaims>({
  ...keycloak,
  parseClaims: (): MyClaims => ({ tenant: 'a' }),
});
// @ts-expect-error Nobody makes the claims what is said of them.
createVerifier<MyClaims>(keycloak);
export const open = createVerifier<Claims>(keycloak);

export const somebody: Principal<MyClaims> = principalOf({ principal: await named.verify('token') });
// @ts-expect-error It is no request of an adapter.
principalOf({ user: somebody });
