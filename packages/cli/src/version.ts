import { readFileSync } from 'node:fs';

/** Version of this package. All packages have the same. */
export function packageVersion(): string {
  // From src/ and from dist/.
  const file = new URL('../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
