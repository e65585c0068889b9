/** Replacements of the deprecated packages. */
export const REPLACEMENTS: Readonly<Record<string, string>> = {
  'keycloak-connect': 'keycloak-guard/connect',
  'nest-keycloak-connect': 'keycloak-guard/nest/connect',
};

/** The package that a project then depends on. */
export const REPLACING_PACKAGE = 'keycloak-guard';

/** The old package of a module specifier, and the file in it if it names one. */
export function toOldPackage(specifier: string): { name: string; inside: string } | undefined {
  const name = Object.keys(REPLACEMENTS).find((one) => specifier === one || specifier.startsWith(`${one}/`));
  return name === undefined ? undefined : { name, inside: specifier.slice(name.length + 1) };
}
