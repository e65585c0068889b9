import type { Client } from './client.ts';

/** Origins whose pages may use a client. `+` stands for those of its redirect URIs. */
export function allowedOrigins(client: Client): string[] {
  return [
    ...new Set(
      client.webOrigins.flatMap((origin) =>
        origin === '+' ? client.redirectUris.flatMap((uri) => originOf(client, uri)) : [origin],
      ),
    ),
  ];
}

export function isAllowedOrigin(client: Client, origin: string): boolean {
  const allowed = allowedOrigins(client);
  return allowed.includes('*') || allowed.includes(origin);
}

function originOf(client: Client, redirectUri: string): string[] {
  const uri = redirectUri.startsWith('/')
    ? `${client.rootUrl.replace(/\/$/, '')}${redirectUri}`
    : redirectUri;
  const match = /^https?:\/\/[^/*?#]+/.exec(uri);
  return match === null ? [] : [match[0]];
}
