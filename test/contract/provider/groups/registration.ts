import assert from 'node:assert/strict';
import { codeOf, createBrowser, createChallenge } from '../browser.ts';
import { ABDULLAH, type Answer, type Caller, claimsOf } from '../caller.ts';
import type { Behaviours, Scene } from '../scene.ts';
import type { Change } from '../target.ts';

const CALLBACK = 'http://127.0.0.1:3334/callback';
const CLIENT = {
  redirect_uris: [CALLBACK],
  client_name: 'an MCP client',
  token_endpoint_auth_method: 'none',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
};
const JSON_TYPE = { 'content-type': 'application/json' };

const policy = (name: string, providerId: string, config: Record<string, string[]> = {}) => ({
  ...{ name, providerId, subType: 'anonymous', config },
});

/** Programs on this machine may register; the rest is as Keycloak makes it. */
const open: Change = (realm) => {
  realm.components = {
    'org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy': [
      policy('Consent Required', 'consent-required'),
      policy('Full Scope Disabled', 'scope'),
      policy('Max Clients Limit', 'max-clients', { 'max-clients': ['200'] }),
      policy('Allowed Client Scopes', 'allowed-client-templates', { 'allow-default-scopes': ['true'] }),
      policy('Allowed Registration Web Origins', 'registration-web-origins', {
        'web-origins': ['http://localhost:6274'],
      }),
      policy('Trusted Hosts', 'trusted-hosts', {
        'trusted-hosts': ['127.0.0.1', 'localhost'],
        'host-sending-registration-request-must-match': ['true'],
        'client-uris-must-match': ['true'],
      }),
    ],
  };
};

async function register(caller: Caller, body: unknown, headers: Record<string, string> = JSON_TYPE) {
  const answer = await fetch(`${caller.issuer}/clients-registrations/openid-connect`, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: answer.status, headers: answer.headers, json: JSON.parse(await answer.text()) };
}

const refused =
  (
    body: unknown,
    status: number,
    json: Record<string, string>,
    headers: Record<string, string> = JSON_TYPE,
  ) =>
  (scene: Scene) =>
    scene.withRealm(open, async (caller) => {
      const answer = await register(caller, body, headers);
      assert.deepEqual([answer.status, answer.json], [status, json]);
    });

const byPolicy = (name: string, details: string) => ({
  error: 'insufficient_scope',
  error_description: `Policy '${name}' rejected request to client-registration service. Details: ${details}`,
});

export const registrationGroup: Behaviours = {
  'nobody may register in a realm as it is made': async ({ caller }) => {
    const answer = await register(caller, CLIENT);
    assert.deepEqual([answer.status, answer.json], [403, byPolicy('Trusted Hosts', 'Host not trusted.')]);
  },
  'discovery names the endpoint all the same': async ({ caller }) => {
    const discovery = await fetch(`${caller.issuer}/.well-known/openid-configuration`);
    const { registration_endpoint } = (await discovery.json()) as Record<string, unknown>;
    assert.equal(registration_endpoint, `${caller.issuer}/clients-registrations/openid-connect`);
  },
  'a public client registers, and is told what it is': (scene) =>
    scene.withRealm(open, async (caller) => {
      const { status, headers, json } = await register(caller, CLIENT);
      assert.equal(status, 201);
      assert.equal(headers.get('location'), json.registration_client_uri);
      assert.equal(
        json.registration_client_uri,
        `${caller.issuer}/clients-registrations/openid-connect/${json.client_id}`,
      );
      const {
        client_id,
        client_id_issued_at,
        registration_access_token,
        registration_client_uri,
        scope,
        ...rest
      } = json;
      assert.deepEqual(rest, {
        redirect_uris: [CALLBACK],
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code', 'none'],
        client_name: 'an MCP client',
        subject_type: 'public',
        request_uris: [],
        tls_client_certificate_bound_access_tokens: false,
        dpop_bound_access_tokens: false,
        post_logout_redirect_uris: [CALLBACK],
        backchannel_logout_session_required: false,
        require_pushed_authorization_requests: false,
        frontchannel_logout_session_required: false,
      });
      assert.match(client_id, /^[0-9a-f-]{36}$/);
      assert.equal(typeof client_id_issued_at, 'number');
      assert.ok(registration_access_token.length > 20 && registration_client_uri.endsWith(client_id));
      assert.ok(scope.split(' ').includes('offline_access'));
    }),
  'a confidential client gets a secret, whatever it leaves out': (scene) =>
    scene.withRealm(open, async (caller) => {
      const { status, json } = await register(caller, { redirect_uris: [CALLBACK] });
      assert.deepEqual(
        [status, json.token_endpoint_auth_method, json.client_secret_expires_at],
        [201, 'client_secret_basic', 0],
      );
      assert.ok(json.client_secret.length >= 32);
    }),
  'the scopes it names are what it may ask for': (scene) =>
    scene.withRealm(open, async (caller) => {
      const { json } = await register(caller, { ...CLIENT, scope: 'profile email' });
      assert.deepEqual(String(json.scope).split(' ').sort(), ['email', 'profile']);
    }),
  'a person signs in, consents, and its tokens have no audience': (scene) =>
    scene.withRealm(open, async (caller) => {
      const { json } = await register(caller, CLIENT);
      const { verifier, fields } = createChallenge();
      const browser = createBrowser(caller);
      const isHome = (answer: Answer) => answer.headers.get('location')?.startsWith(CALLBACK) === true;
      const follow = async (answer: Answer): Promise<Answer> =>
        answer.status === 302 && !isHome(answer)
          ? follow(await browser.visit(answer.headers.get('location') ?? ''))
          : answer;
      const query = {
        client_id: json.client_id,
        redirect_uri: CALLBACK,
        response_type: 'code',
        scope: 'openid',
      };
      const page = await browser.visit(`${caller.base}/auth?${new URLSearchParams({ ...query, ...fields })}`);
      let answer = await follow(await browser.submit(page, ABDULLAH));
      assert.ok(!isHome(answer), 'it asks for consent');
      const code = /name="code" value="([^"]*)"/.exec(answer.text)?.[1] ?? '';
      answer = await follow(await browser.submit(answer, { code, accept: 'Yes' }));
      const tokens = await caller.token({
        grant_type: 'authorization_code',
        code: codeOf(answer),
        redirect_uri: CALLBACK,
        client_id: json.client_id,
        code_verifier: verifier,
      });
      assert.equal(tokens.status, 200, tokens.text);
      const claims = claimsOf(String(tokens.json.access_token));
      assert.deepEqual([claims.azp, claims.aud, claims.realm_access], [json.client_id, undefined, undefined]);
    }),
  'it reads itself and takes itself away, with its token alone': (scene) =>
    scene.withRealm(open, async (caller) => {
      const { json } = await register(caller, CLIENT);
      const at = (method: string, token?: string) =>
        fetch(json.registration_client_uri, {
          method,
          headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        });
      const stranger = await at('GET');
      assert.deepEqual(
        [stranger.status, await stranger.json()],
        [
          401,
          {
            error: 'invalid_token',
            error_description:
              'Not authorized to view client. Not valid token or client credentials provided.',
          },
        ],
      );
      const own = await at('GET', json.registration_access_token);
      const { registration_access_token: token, client_id } = (await own.json()) as Record<string, string>;
      assert.deepEqual([own.status, client_id], [200, json.client_id]);
      assert.equal((await at('DELETE', token)).status, 204);
      assert.equal((await at('GET', token)).status, 401);
    }),
  'openid is no client scope': refused(
    { ...CLIENT, scope: 'openid profile' },
    403,
    byPolicy('Allowed Client Scopes', 'Not permitted to use specified clientScope'),
  ),
  'a redirect to elsewhere': refused(
    { ...CLIENT, redirect_uris: ['https://elsewhere.example/callback'] },
    403,
    byPolicy('Trusted Hosts', "URI doesn't match any trusted host or trusted domain"),
  ),
  'a home page elsewhere, beside a redirect to elsewhere': refused(
    {
      ...CLIENT,
      client_uri: 'https://elsewhere.example',
      redirect_uris: ['https://elsewhere.example/callback'],
    },
    403,
    byPolicy('Trusted Hosts', "URL doesn't match any trusted host or trusted domain"),
  ),
  'a redirect to an app': refused(
    { ...CLIENT, redirect_uris: ['cursor://anysphere/callback'] },
    403,
    byPolicy('Trusted Hosts', "URI doesn't match any trusted host or trusted domain"),
  ),
  'a member that is not known': async (scene) =>
    scene.withRealm(open, async (caller) => {
      const { status, json } = await register(caller, { ...CLIENT, favourite_colour: 'blue' });
      assert.equal(status, 400);
      assert.match(
        json.error,
        /^Invalid json representation for OIDCClientRepresentation\. Unrecognized field "favourite_colour" at line 1 column \d+\.$/,
      );
    }),
  'what is no JSON': refused('{', 400, {
    error: 'invalid_request',
    error_description: 'Cannot parse the JSON',
  }),
  ...Object.fromEntries(
    ['[]', '{"redirect_uris":5}', '{"client_name":[]}', '{"jwks":5}', '{"require_auth_time":"x"}'].map(
      (body) => [
        `what has another shape: ${body}`,
        refused(body, 400, { error: 'unknown_error', error_description: 'Cannot parse the JSON' }),
      ],
    ),
  ),
  'a form': refused(
    'a=b',
    415,
    { error: 'The content-type header value did not match the value in @Consumes' },
    { 'content-type': 'application/x-www-form-urlencoded' },
  ),
  'a page of an origin that is not listed': refused(
    CLIENT,
    403,
    { error: 'Invalid origin' },
    { ...JSON_TYPE, origin: 'http://localhost:6275' },
  ),
  'a token that is none': refused(
    CLIENT,
    401,
    { error: 'invalid_token', error_description: 'Failed decode token' },
    { ...JSON_TYPE, authorization: 'Bearer nonsense' },
  ),
};
