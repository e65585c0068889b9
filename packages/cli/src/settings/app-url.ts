/** Address of the API as browsers see it, from the settings of the service. No trailing slash. */
export function appUrlOf(flag: string | undefined, publicUrl: string | undefined, port?: string): string {
  // PORT=0 is any port.
  const url = flag ?? publicUrl ?? `http://localhost:${Number(port) || 8000}`;
  return toUri(url.replace(/\/+$/, ''));
}

/** Braces are no part of a URI (RFC 3986 §2), and Keycloak takes none: `{tenant}` of a template becomes `%7Btenant%7D`. */
export const toUri = (text: string): string => text.replace(/[{}]/g, encodeURIComponent);
