/** The endpoints, which count requests and can be made to fail one by one. */
export const ENDPOINTS = [
  'realm',
  'discovery',
  'jwks',
  'authorization',
  'par',
  'registration',
  'protection',
  'device',
  'status',
  'account',
  'login',
  'token',
  'userinfo',
  'introspection',
  'revocation',
  'logout',
  'other',
] as const;

/**
 * An endpoint of the provider. `login` is the login page's form, `par` takes pushed requests, `registration` registers clients,
 * `protection` is the protection API of authorization services, `status` the frames of keycloak-js, `account` the user's own
 * profile, `other` everything else.
 */
export type Endpoint = (typeof ENDPOINTS)[number];
