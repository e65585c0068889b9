/** Address of the API as browsers see it, from the settings of the service. No trailing slash. */
export function appUrlOf(flag: string | undefined, publicUrl: string | undefined, port?: string): string {
  // PORT=0 is any port.
  const url = flag ?? publicUrl ?? `http://localhost:${Number(port) || 8000}`;
  return url.replace(/\/+$/, '');
}
