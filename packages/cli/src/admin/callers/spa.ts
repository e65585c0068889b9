import { PLAIN_CLIENT, type WantedClient } from '../plan/complete-client.ts';

/** A single-page app that signs people in by itself. */
export interface SpaGoal {
  readonly clientId: string;
  /** Address of the page. No trailing slash. */
  readonly appUrl: string;
  /** Where Keycloak may send people back to: whole addresses, without patterns. */
  readonly redirectUris: readonly string[];
}

/**
 * A public client, because a page cannot keep a secret. PKCE protects its codes (RFC 9700 §2.1.1), which go only to complete
 * addresses (§2.1).
 */
export function toSpaClient({ clientId, appUrl, redirectUris }: SpaGoal): WantedClient {
  return {
    ...PLAIN_CLIENT,
    clientId,
    publicClient: true,
    standardFlowEnabled: true,
    rootUrl: `${appUrl}/`,
    redirectUris: [...redirectUris],
    webOrigins: [new URL(appUrl).origin],
    attributes: { 'pkce.code.challenge.method': 'S256', 'post.logout.redirect.uris': `${appUrl}/` },
  };
}
