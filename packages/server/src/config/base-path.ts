/** The path of `PUBLIC_URL`, below which browsers reach this service: empty, or `/…` without a slash at the end. */
export function basePathOf(publicUrl: string | undefined): string {
  return publicUrl === undefined ? '' : new URL(publicUrl).pathname.replace(/\/+$/, '');
}
