import type { FastifyRequest } from 'fastify';
import type { Provider } from '../provider.ts';
import type { Client } from '../realm/client.ts';
import type { Claims } from '../tokens/issue.ts';

/** A request to the token endpoint, with its authenticated client. */
export interface GrantRequest {
  readonly provider: Provider;
  readonly request: FastifyRequest;
  readonly form: URLSearchParams;
  readonly client: Client;
  readonly issuer: string;
  /** Thumbprint of the key in the request's DPoP proof, if there is one (RFC 9449 §5). */
  readonly jkt: string | undefined;
}

/** Answers one grant type. @throws {Fault} */
export type GrantHandler = (request: GrantRequest) => Promise<Claims>;
