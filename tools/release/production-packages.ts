import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Licences that a package may have which users of this one get. SPDX ids; all of them only ask to be named. */
export const ALLOWED_LICENCES: readonly string[] = [
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
];

export interface ProductionPackage {
  readonly name: string;
  readonly version: string;
  /** As package.json says; `undefined` where it does not. */
  readonly licence: string | undefined;
  /** Relative to the root. */
  readonly folder: string;
}

/** Every package that comes with this one, from the lockfile; not the frameworks, which an application brings itself. */
export function productionPackages(): ProductionPackage[] {
  const file = fileURLToPath(new URL('../../package-lock.json', import.meta.url));
  const { packages } = JSON.parse(readFileSync(file, 'utf8')) as {
    packages: Record<
      string,
      { version: string; license?: string; dev?: boolean; link?: boolean; devOptional?: boolean }
    >;
  };
  return Object.entries(packages)
    .filter(([folder]) => folder.includes('node_modules/'))
    .filter(([, { link, dev, devOptional }]) => ![link, dev, devOptional].includes(true))
    .map(([folder, { version, license }]) => ({
      name: folder.split('node_modules/').at(-1) ?? folder,
      version,
      licence: license,
      folder,
    }));
}
