import { isAuthError, type Revocation } from '../../core/index.ts';
import { type AdminAction, revokeByAdminPush, verifySignedJwt } from '../../core/internal.ts';
import type { Exchange, KeycloakHost } from './host.ts';
import type { ConnectRequest, ConnectResponse } from './request.ts';

const PUSHES: ReadonlyMap<string, AdminAction> = new Map([
  ['k_logout', 'LOGOUT'],
  ['k_push_not_before', 'PUSH_NOT_BEFORE'],
]);

/** A push has about 1 KiB, or more if it lists every session of a client. */
const MOST_BYTES = 256 * 1024;

/** Handles what Keycloak pushes to the client's admin URL. Returns `false` for every other path. */
export function takeAdminPush({ keycloak, request, response }: Exchange, admin: string): boolean {
  const { url = '' } = request;
  if (!url.startsWith('k_', admin.length) || !url.startsWith(admin)) return false;
  const [path = ''] = url.split('?', 1);
  const action = PUSHES.get(path.slice(admin.length));
  if (action === undefined) return false;
  take(keycloak, action, request).then(
    () => finish(response, 200, 'ok'),
    (error: unknown) => {
      const { status, text } = toRefusal(error);
      finish(response, status, text);
    },
  );
  return true;
}

async function take(keycloak: KeycloakHost, action: AdminAction, request: ConnectRequest): Promise<void> {
  const push = await readBody(request);
  const { grantManager } = keycloak;
  const { verifier } = grantManager.engine;
  // The signature first, because keycloak-connect reports it first; then everything else.
  const { claims } = await verifySignedJwt(push, verifier.context, { headerTypes: /^JWT$/i });
  const revocations = await revokeByAdminPush(verifier, push, action);
  const notBefore = notBeforeOf(revocations);
  if (notBefore !== undefined) grantManager.notBefore = notBefore;
  if (action === 'LOGOUT' && Array.isArray(claims.adapterSessionIds)) {
    for (const id of claims.adapterSessionIds) if (typeof id === 'string') keycloak.unstoreGrant(id);
  }
}

function notBeforeOf(revocations: readonly Revocation[]): number | undefined {
  const found = revocations.find((one) => one.type === 'not-before');
  return found?.type === 'not-before' ? found.notBefore : undefined;
}

class BadPush extends Error {}

/** Rejects with a `BadPush` if the body is too large, or a parser has already read it. */
function readBody(request: ConnectRequest): Promise<string> {
  if (typeof request.body === 'string') return Promise.resolve(request.body);
  if (request.method !== 'POST' || request.readableEnded) return Promise.reject(new BadPush());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    // `for await` would close the connection when it stops reading, before the answer is sent.
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MOST_BYTES) chunks.push(chunk);
      else reject(new BadPush());
    });
    request.on('end', () => resolve(Buffer.concat(chunks).toString('latin1')));
    request.on('close', () => reject(new BadPush()));
  });
}

/** keycloak-connect's texts; for a malformed token, that is the error its own code threw. None quotes the request. */
function toRefusal(error: unknown): { status: number; text: string } {
  if (!isAuthError(error)) return { status: 400, text: 'Bad Request' };
  switch (error.code) {
    case 'token_malformed':
      return { status: 401, text: "Cannot read properties of undefined (reading 'kid')" };
    case 'token_signature':
      return { status: 401, text: 'admin request failed: invalid token (signature)' };
    case 'provider_unavailable':
    case 'revocation_not_shared':
      return { status: 503, text: 'Service Unavailable' };
    case 'admin_push_invalid':
      return { status: 400, text: 'Bad Request' };
    default:
      return { status: 401, text: 'admin request failed: invalid token' };
  }
}

function finish(response: ConnectResponse, status: number, text: string): void {
  // Does not wait for the rest of a refused body.
  response.writeHead(status, {
    'content-type': 'text/plain',
    'cache-control': 'no-store',
    connection: 'close',
  });
  response.end(text);
}
