/** Deprecated packages, and what takes their place. */
export const REPLACEMENTS: Readonly<Record<string, string>> = {
  'keycloak-connect': 'keycloak-guard/connect',
  'nest-keycloak-connect': 'keycloak-guard/nest/connect',
};

/** The package that a project depends on instead. */
export const REPLACING_PACKAGE = 'keycloak-guard';

/** The old package that a module specifier leads to, and the file in it where it names one. */
export function toOldPackage(specifier: string): { name: string; inside: string } | undefined {
  const name = Object.keys(REPLACEMENTS).find((one) => specifier === one || specifier.startsWith(`${one}/`));
  return name === undefined ? undefined : { name, inside: specifier.slice(name.length + 1) };
}
