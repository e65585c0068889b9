/** What the guide's contract needs of an identity provider: Keycloak or one that stands in for it. */
export interface GuideProvider {
  /** Where it answers, with a path such as `/auth`, if it has one. */
  readonly url: string;
  readonly realm: string;
  updateUser(username: string, change: Record<string, unknown>): Promise<void>;
  updateClient(clientId: string, change: Record<string, unknown>): Promise<void>;
  /** A good access token of another realm of the same provider, or of another provider. */
  issueForeignToken(): Promise<string>;
  /** How the service's client proves who it is, if not with the secret. */
  readonly credential?: OtherCredential;
  close(): Promise<void>;
}

/** What takes the place of the secret. Each is told the address by which the provider is reached: the issuer follows it. */
export interface OtherCredential {
  /** Settings of the service. */
  settings(url: string): Record<string, string>;
  /** Fields of a form that the client sends. */
  fields(url: string): Promise<Record<string, string>>;
  /** Settings that Keycloak refuses. */
  wrong(url: string): Record<string, string>;
}

/** What a form of the client carries: its secret, or what takes its place. */
export async function clientFields(
  baseUrl: string,
  credential: OtherCredential | undefined,
): Promise<Record<string, string>> {
  return (await credential?.fields(baseUrl)) ?? { client_id: CLIENT.id, client_secret: CLIENT.secret };
}

/** What `packages/testing/testing-realm.json` holds. */
export const CLIENT = { id: 'fastapi-keycloak', secret: 'for-development-only' } as const;
export const PASSWORD = 'Test#123456';
export const ABDULLAH = {
  preferred_username: 'abdullah',
  email: 'abdullah@example.com',
  full_name: 'Abdullah Alqahtani',
} as const;

/** Asks the token endpoint directly, as any OAuth client does. */
export async function requestTokens(
  baseUrl: string,
  realm: string,
  fields: Record<string, string>,
  credential?: OtherCredential,
): Promise<Record<string, string>> {
  const response = await fetch(`${baseUrl}/realms/${realm}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      ...(await clientFields(baseUrl, credential)),
      ...fields,
    }),
  });
  const body = (await response.json()) as Record<string, string>;
  if (!response.ok) throw new Error(`no token: ${response.status} ${JSON.stringify(body)}`);
  return body;
}
