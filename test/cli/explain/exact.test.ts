import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explain as explainBy, loadRules } from '../../../packages/cli/src/doctor/explain.ts';

const book = loadRules();
const explain = (pasted: string) => explainBy(pasted, book);
const sayOf = (pasted: string) =>
  explain(pasted).map(({ id, status, seen }) => `${id.replace('explain.', '')} ${status} ${seen}`);

const KNOWN = [
  'Invalid parameter: redirect_uri',
  'Missing parameter: code_challenge_method',
  'Client not found.',
  'connect ECONNREFUSED 127.0.0.1:8080 keycloak',
  '{"error":"invalid_grant","error_description":"Code not valid"}',
  '{"error":"unauthorized_client","error_description":"Client not allowed for direct access grants"}',
];

for (const [what, pasted, answers] of [
  [
    'a gap in which other words stand is certain where the text is about it and about Keycloak',
    '[main.go:60] ERROR: Failed to initialise OAuth2 Proxy: error initialising provider: could not create provider data: error building OIDC ProviderVerifier: could not get verifier builder: error while discovery OIDC configuration: failed to discover OIDC configuration: unexpected status "526"',
    ["discovery ok 'discovery OIDC configuration: fail'"],
  ],
  [
    'an OAuth error has its description',
    KNOWN[5],
    ["direct-grants-off ok 'unauthorized_client: Client not allowed for direct access grants'"],
  ],
  [
    'or has it in brackets',
    'error=unauthorized_client unauthorized_client (Client not allowed for direct access grants)',
    ["direct-grants-off ok 'unauthorized_client: Client not allowed for direct access grants'"],
  ],
  [
    'what a browser says of its own is named alone',
    "Access to fetch at 'https://api/x' from origin 'http://localhost:3000' has been blocked by CORS policy: Response to preflight request doesn't pass access control check: Redirect is not allowed for a preflight request.",
    ["cors-preflight-redirect ok 'Redirect is not allowed for a preflight'"],
  ],
  [
    'of topics, two',
    "Error: error creating provider from config: invalid provider issuer value. Expected issuer to start with 'https://'",
    ["metadata-https warn perhaps: 'start with 'https'", "wrong-issuer warn perhaps: 'issuer'"],
  ],
  [
    'of two rules the one whose words end last is first',
    'Cookie “KC_AUTH_SESSION_HASH” has been rejected because it is in a cross-site context and its “SameSite” is “Lax” or “Strict”.',
    [
      `third-party-cookies warn perhaps: 'Cookie "KC_AUTH_SESSION_HASH" has been rejected because it is in a cross-site context'`,
      `cookie-not-found warn perhaps: 'Cookie "KC_AUTH_SESSION_HASH" has been rejected'`,
    ],
  ],
  ['what nobody knows is not guessed', 'TypeError: foo is not a function', ['unknown fail not known']],
  ['nothing is nothing', ' \n', ['unknown fail nothing was pasted']],
  [
    'an error is named without the request above it',
    'GET https://sso.example/realms/x/protocol/openid-connect/auth?client_id=api&response_type=code&redirect_uri=x\nInvalid parameter: redirect_uri',
    ["redirect-uri ok 'Invalid parameter: redirect_uri'"],
  ],
  [
    'words that a line break parts are found',
    'OperationProcessingError: unexpected\nJWT "aud" (audience) claim value',
    [`wrong-audience ok 'unexpected\nJWT "aud'`],
  ],
  [
    'five errors of a log are named, no more',
    KNOWN.join('\n'),
    [
      "redirect-uri ok 'Invalid parameter: redirect_uri'",
      "pkce ok 'Missing parameter: code_challenge'",
      "client-unknown ok 'Client not found'",
      "unreachable ok 'ECONNREFUSED'",
      "code-used ok 'Code not valid'",
    ],
  ],
] as const) {
  test(`${what}: ${pasted?.slice(0, 60).trim()}`, () => {
    assert.deepEqual(sayOf(String(pasted)), answers);
  });
}

test('the first 50,000 characters are read', () => {
  const [error] = KNOWN;
  const said = ["redirect-uri ok 'Invalid parameter: redirect_uri'"];
  assert.deepEqual(sayOf(`${'x'.repeat(49_999 - String(error).length)}\n${error}`), said);
  assert.deepEqual(sayOf(`${'x'.repeat(50_000)}\n${error}`), ['unknown fail not known']);
});
