import { type Check, check, fail, ok, warn } from '../../check.ts';
import type { DoctorContext } from '../../context.ts';
import type { McpEvidence } from '../../evidence/mcp.ts';

export function evidenceOf({ mcp }: DoctorContext): McpEvidence {
  if (mcp === undefined) throw new Error('no MCP server was named');
  return mcp;
}

export const SERVER_CHECKS: readonly Check[] = [
  check('mcp.challenge', [], async (context) => {
    const { url, challenge } = evidenceOf(context);
    const { status, failure, header, metadataUrl } = await challenge();
    if (status === 0) {
      return fail(
        `no answer: ${failure}`,
        'The server does not answer',
        `Look whether ${url} is the URL of the MCP server, and whether it runs.`,
      );
    }
    if (status !== 401) {
      return fail(
        `HTTP ${status} without a token`,
        'Clients sign in when they get 401, and not before',
        `Put kc.mcp({ url: '${url}' }) on the route of ${url}.`,
      );
    }
    if (metadataUrl === undefined) {
      return fail(
        `401 with ${header === '' ? 'no challenge' : header}`,
        'The challenge does not say where the metadata is (resource_metadata)',
        'Use kc.mcp; behind a proxy, let it pass WWW-Authenticate on.',
      );
    }
    return ok('401, and where the metadata is');
  }),
  check('mcp.metadata', ['mcp.challenge'], async (context) => {
    const { url, challenge, metadata } = evidenceOf(context);
    const { metadataUrl } = await challenge();
    const { json: document, failure } = await metadata();
    if (failure !== undefined) {
      return fail(
        `${metadataUrl}: ${failure}`,
        'The address of the metadata does not answer as it must',
        `Look at what resource_metadata in the challenge of ${url} names.`,
      );
    }
    if (document === undefined) {
      return fail(
        `${metadataUrl} is not there`,
        'The path is outside of that of the server: nothing answers it there, or a proxy sends it elsewhere',
        `Add app.use(mcp.metadata) of const mcp = kc.mcp(…); let the proxy send ${new URL(metadataUrl ?? url).pathname} to the server.`,
      );
    }
    if (document.resource !== url) {
      return fail(
        `resource is ${String(document.resource)}`,
        `Clients were given ${url}, and accept no metadata of another URL`,
        `Give kc.mcp the url '${url}', letter by letter.`,
      );
    }
    const supported = [document.scopes_supported ?? []].flat();
    if (supported.includes('openid')) {
      return fail(
        'names the scope openid',
        'Clients register with it, and Keycloak answers 403 "Allowed Client Scopes"',
        'Take openid out of scopes_supported.',
      );
    }
    return ok(`for ${url}`);
  }),
  check('mcp.scopes', ['mcp.metadata'], async (context) => {
    const { challenge, scopes } = evidenceOf(context);
    const all = await scopes();
    // RFC 6749 §3.3: an invalid scope is not requested, and not printed in a command.
    const wrong = all.filter((scope) => !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope));
    if (wrong.length > 0) {
      return fail(
        `names ${wrong.length} that are no scopes`,
        `A scope has no spaces, quotes or backslashes: ${JSON.stringify(wrong[0])}`,
        'Correct scopes and tools of kc.mcp.',
      );
    }
    if (all.length === 0) {
      return fail(
        'names no scope',
        'Clients that are told no scope ask for none: their tokens have no audience, so every one is refused',
        "Give kc.mcp scopes: ['mcp:tools'], and run setup mcp.",
      );
    }
    const { scopes: first } = await challenge();
    const later = all.filter((scope) => first.length > 0 && !first.includes(scope));
    if (later.length === 0) return ok(all.join(', '));
    return warn(
      `${later.join(', ')} only when a tool needs it`,
      'A client that registered itself keeps its first scopes: Keycloak will answer invalid_scope',
      'Give such clients the client id mcp-client, or leave scopesInChallenge at its default.',
    );
  }),
  check('mcp.provider', ['mcp.metadata'], async (context) => {
    const { metadata, provider } = evidenceOf(context);
    const issuer = String([(await metadata()).json?.authorization_servers].flat()[0]);
    const document = await provider();
    if (document === undefined) {
      return fail(
        `no metadata of ${issuer}`,
        'Clients look at /.well-known/oauth-authorization-server, followed by the path of the realm',
        'Let the proxy in front of Keycloak send that path on; before Keycloak 26.4 it is not there.',
      );
    }
    if (document.issuer !== issuer) {
      return fail(
        `issuer is ${String(document.issuer)}`,
        `The server says ${issuer}`,
        "Set Keycloak's hostname to the address that people use.",
      );
    }
    return ok(issuer);
  }),
];
