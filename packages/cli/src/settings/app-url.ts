/** Address of the API as browsers see it, from the settings of the service. No trailing slash. */
export function appUrlOf(flag: string | undefined, env: (name: string) => string | undefined): string {
  // PORT=0 is any port.
  const url = flag ?? env('PUBLIC_URL') ?? `http://localhost:${Number(env('PORT')) || 8000}`;
  return url.replace(/\/+$/, '');
}
