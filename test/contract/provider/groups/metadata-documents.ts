import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { codeOf, createBrowser, createChallenge } from '../browser.ts';
import { ABDULLAH, type Answer, type Caller, claimsOf, type Fields, pageText } from '../caller.ts';
import type { Behaviours, Scene } from '../scene.ts';
import type { Change } from '../target.ts';

const CALLBACK = 'http://127.0.0.1:3335/callback';
const HERE = ['127.0.0.1'];

/** Documents of programs on this machine are taken. */
const takesDocuments: Change = (realm) => {
  const executor = {
    executor: 'client-id-metadata-document',
    configuration: { 'cimd-allow-http-scheme': true, 'cimd-allow-permitted-domains': HERE },
  };
  const condition = {
    condition: 'client-id-uri',
    configuration: {
      'client-id-uri-scheme': ['http'],
      'client-id-uri-allow-permitted-domains': HERE,
    },
  };
  realm.clientProfiles = { profiles: [{ name: 'documents', executors: [executor] }] };
  realm.clientPolicies = {
    policies: [{ name: 'documents', enabled: true, conditions: [condition], profiles: ['documents'] }],
  };
};

const documentOf = (id: string) => ({
  client_id: id,
  client_name: 'A documented program',
  redirect_uris: [CALLBACK],
  token_endpoint_auth_method: 'none',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
});

interface Documents {
  readonly caller: Caller;
  /** URL of the document at a path. */
  at(path: string): string;
  /** Requests for documents so far. */
  readonly asked: string[];
}

/** A realm that takes documents, and a server that has them. */
const withDocuments =
  (
    answer: (url: string, id: string) => object | string | RequestListener,
    body: (documents: Documents) => Promise<void>,
    change: Change = takesDocuments,
  ) =>
  (scene: Scene) =>
    scene.withRealm(change, async (caller) => {
      const asked: string[] = [];
      const server = createServer((request, response) => {
        asked.push(request.url ?? '');
        const said = answer(request.url ?? '', at(request.url ?? ''));
        if (typeof said === 'function') said(request, response);
        else {
          response.setHeader('content-type', 'application/json');
          response.end(typeof said === 'string' ? said : JSON.stringify(said));
        }
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const at = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
      try {
        await body({ caller, at, asked });
      } finally {
        server.closeAllConnections();
        server.close();
      }
    });

function authorize(caller: Caller, clientId: string, fields: Fields = {}) {
  const { fields: challenge } = createChallenge();
  return createBrowser(caller).open({
    ...{ client_id: clientId, redirect_uri: CALLBACK, scope: 'openid profile' },
    ...challenge,
    ...fields,
  });
}

async function assertPage(answer: Answer, text: string): Promise<void> {
  assert.equal(answer.status, 400);
  assert.ok(pageText(answer).includes(text), pageText(answer));
}

const METADATA = 'Invalid Client Metadata: ';
const FAILED = 'Client Metadata fetch failed';
const FOREIGN = 'Invalid Client ID: domain not allowed.';

/** What a page says, and the document at this path. */
const REFUSED: Record<string, [text: string, said: (id: string) => object | string | RequestListener]> = {
  '/of-another-id': [
    `${METADATA}client_id property does not exactly match client_id parameter.`,
    (id) => documentOf(`${id}/`),
  ],
  '/without-an-id': [`${METADATA}no client_id.`, (id) => ({ ...documentOf(id), client_id: undefined })],
  '/with-a-secret': [
    `${METADATA}client_secret or client_secret_expires_at property in client metadata is must not included.`,
    (id) => ({ ...documentOf(id), client_secret: 'everybody can read it' }),
  ],
  '/method-that-needs-a-secret': [
    `${METADATA}token_endpoint_auth_method property in client metadata is not-allowed authentication method..`,
    (id) => ({ ...documentOf(id), token_endpoint_auth_method: 'client_secret_basic' }),
  ],
  '/another-redirect-uri': [
    `${METADATA}redirect_uri parameter does not exactly match the one of redirect_uris property in client metadata.`,
    (id) => ({ ...documentOf(id), redirect_uris: ['http://127.0.0.1:3335/other'] }),
  ],
  '/redirect-elsewhere': [
    FOREIGN,
    (id) => ({ ...documentOf(id), redirect_uris: [CALLBACK, 'https://elsewhere.example/callback'] }),
  ],
  '/logo-elsewhere': [
    FOREIGN,
    (id) => ({ ...documentOf(id), logo_uri: 'https://elsewhere.example/logo.png' }),
  ],
  '/unknown-member': [FAILED, (id) => ({ ...documentOf(id), favourite_colour: 'blue' })],
  '/not-there': [FAILED, () => (_request, response) => void response.writeHead(404).end('{}')],
  '/too-long': [FAILED, (id) => ({ ...documentOf(id), client_name: 'x'.repeat(6_000) })],
  '/no-json': [FAILED, () => 'a document'],
  '/never-comes': [FAILED, () => () => {}],
};

const TYPES: Record<string, string | undefined> = {
  '/no-type': undefined,
  '/json': 'application/json',
  '/text': 'text/plain',
  '/page': 'text/html; charset=utf-8',
};

export const metadataDocumentsGroup: Behaviours = {
  'discovery says so': async ({ caller }) => {
    const discovery = await fetch(`${caller.issuer}/.well-known/openid-configuration`);
    const metadata = (await discovery.json()) as Record<string, unknown>;
    assert.equal(metadata.client_id_metadata_document_supported, true);
  },
  'without a policy a URL is a name like any other': withDocuments(
    (_url, id) => documentOf(id),
    async ({ caller, at, asked }) => {
      await assertPage(await authorize(caller, at('/client.json')), 'Client not found.');
      assert.deepEqual(asked, []);
    },
    () => {},
  ),
  'a person signs in, is told the host, consents; the document is read once': withDocuments(
    (_url, id) => documentOf(id),
    async ({ caller, at, asked }) => {
      const browser = createBrowser(caller);
      const { verifier, fields } = createChallenge();
      const isHome = (answer: Answer) => answer.headers.get('location')?.startsWith(CALLBACK) === true;
      const follow = async (answer: Answer): Promise<Answer> =>
        answer.status === 302 && !isHome(answer)
          ? follow(await browser.visit(answer.headers.get('location') ?? ''))
          : answer;
      const id = at('/client.json');
      const ask = { client_id: id, redirect_uri: CALLBACK, scope: 'openid profile', ...fields };
      let answer = await follow(await browser.submit(await browser.open(ask), ABDULLAH));
      assert.match(pageText(answer), /A documented program/);
      assert.match(pageText(answer), /The client's hostname is 127\.0\.0\.1/);
      const consent = /name="code"[^>]*value="([^"]*)"/.exec(answer.text)?.[1] ?? '';
      answer = await follow(await browser.submit(answer, { code: consent, accept: 'Yes' }));
      const redeem = (code: string) =>
        caller.token({
          ...{ grant_type: 'authorization_code', code, redirect_uri: CALLBACK },
          ...{ client_id: id, code_verifier: verifier },
        });
      const tokens = await redeem(codeOf(answer));
      assert.equal(tokens.status, 200, tokens.text);
      const claims = claimsOf(String(tokens.json.access_token));
      assert.deepEqual(
        [claims.azp, claims.aud, claims.realm_access, claims.preferred_username],
        [id, undefined, undefined, 'abdullah'],
      );
      assert.equal((await redeem(await browser.code(ask))).status, 200);
      assert.deepEqual(asked, ['/client.json']);
    },
  ),
  'a document without a method is that of a public client': withDocuments(
    (_url, id) => ({ ...documentOf(id), token_endpoint_auth_method: undefined }),
    async ({ caller, at }) => assert.equal((await authorize(caller, at('/client.json'))).status, 200),
  ),
  'a document is read whatever its content type is said to be': withDocuments(
    (_url, id) => (_request, response) => {
      const type = TYPES[new URL(id).pathname];
      response.writeHead(200, type === undefined ? {} : { 'content-type': type });
      response.end(JSON.stringify(documentOf(id)));
    },
    async ({ caller, at }) => {
      for (const path of Object.keys(TYPES)) {
        assert.equal((await authorize(caller, at(path))).status, 200, path);
      }
    },
  ),
  'scopes of the document are what its client may ask for': withDocuments(
    (_url, id) => ({ ...documentOf(id), scope: 'email' }),
    async ({ caller, at }) => {
      assert.equal((await authorize(caller, at('/a.json'), { scope: 'openid email' })).status, 200);
      const answer = await authorize(caller, at('/a.json'), { scope: 'openid profile' });
      assert.match(answer.headers.get('location') ?? '', /error=invalid_scope/);
    },
  ),
  'client ids that are not fetched': withDocuments(
    (_url, id) => documentOf(id),
    async ({ caller, at, asked }) => {
      const base = at('').replace('http://', '');
      for (const [id, text] of [
        [`http://${base}`, 'Invalid Client ID: empty path.'],
        [at('/a.json?b=c'), 'Invalid Client ID: query included.'],
        [at('/a.json#b'), 'Invalid Client ID: fragment included.'],
        [at('/a/../b.json'), 'Invalid Client ID: path traverse segment included.'],
        [at('/a/%2e%2E/b.json'), 'Invalid Client ID: path traverse segment included.'],
        [`http://user:password@${base}/a.json`, 'Invalid Client ID: userinfo included.'],
        ['http://elsewhere.example/a.json', 'Client not found.'],
        [`ftp://${base}/a.json`, 'Client not found.'],
      ] as const) {
        await assertPage(await authorize(caller, id), text);
      }
      assert.deepEqual(asked, []);
    },
  ),
  'documents that are refused': withDocuments(
    (url, id) => REFUSED[url]?.[1](id) ?? {},
    async ({ caller, at }) => {
      for (const [path, [text]] of Object.entries(REFUSED)) {
        const answer = await authorize(caller, at(path));
        assert.equal(answer.status, 400, path);
        assert.ok(pageText(answer).includes(text), `${path}: ${pageText(answer)}`);
      }
    },
  ),
  'a document that is somewhere else': withDocuments(
    (url, id) => (url === '/a.json' ? redirectTo('/b.json') : documentOf(id)),
    async ({ caller, at, asked }) => {
      await assertPage(await authorize(caller, at('/a.json')), FAILED);
      assert.deepEqual(asked, ['/a.json']);
    },
  ),
};

const redirectTo =
  (location: string): RequestListener =>
  (_request, response) => {
    response.writeHead(302, { location }).end();
  };
