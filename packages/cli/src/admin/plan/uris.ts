/**
 * Whether one of the client's URI patterns lets a URI pattern through, as Keycloak reads them: `*` at the end
 * stands for anything, and a pattern that starts with `/` is below the root URL.
 */
export function coversUri(patterns: readonly string[], rootUrl: string | undefined, uri: string): boolean {
  return patterns.some((pattern) => {
    const whole = pattern.startsWith('/') && rootUrl ? rootUrl.replace(/\/+$/, '') + pattern : pattern;
    return whole === uri || (whole.endsWith('*') && uri.startsWith(whole.slice(0, -1)));
  });
}

/** Keycloak keeps a list in one attribute, parted by `##`. */
export function splitUris(value: unknown): string[] {
  return typeof value === 'string' ? value.split('##').filter(Boolean) : [];
}
