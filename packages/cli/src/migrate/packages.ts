/** Replacements of the deprecated packages. */
export const REPLACEMENTS: Readonly<Record<string, string>> = {
  'keycloak-connect': 'keycloak-guard/connect',
  'nest-keycloak-connect': 'keycloak-guard/nest/connect',
};

/** The package that a project then depends on. */
export const REPLACING_PACKAGE = 'keycloak-guard';

/** The packages that a project no longer needs: the types, too. */
export const REPLACED_PACKAGES: ReadonlySet<string> = new Set([
  ...Object.keys(REPLACEMENTS),
  '@types/keycloak-connect',
]);

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** Every name that a drop-in exports. */
export const EXPORTS: Readonly<Record<string, ReadonlySet<string>>> = {
  'keycloak-connect': words(`
    Keycloak Config Grant GrantManager Token Callback EnforcerOptions GrantProperties GrantData
    KeycloakConfig MiddlewareOptions KeycloakOptions AuthZRequest GuardFn GaurdFn ConnectHandler
    ConnectRequest ConnectResponse Kauth KauthRequest Next GrantStore TokenContent TokenPermission
    createPathEnforcer PathEnforcerOptions PathRequest PolicyEnforcerConfig PathConfig MethodConfig ClaimPoints
  `),
  'nest-keycloak-connect': words(`
    KeycloakConnectModule KeycloakConnectModuleAsyncOptions KeycloakConnectService KeycloakConnectConfig
    KeycloakConnectOptions KeycloakConnectOptionsFactory NestKeycloakConfig MultiTenantOptions
    KeycloakMultiTenantService ConnectToken ConnectDecorator AuthGuard ResourceGuard RoleGuard Public
    Unprotected Roles RoleMatchingMode RoleDecoratorOptionsInterface Resource Scopes ConditionalScopes
    ConditionalScopeFn ResolvedScopes EnforcerOptions EnforcerOptionsInterface KeycloakUser
    AuthenticatedUser AccessToken TokenValidation PolicyEnforcementMode RoleMatch RoleMerge
    KEYCLOAK_INSTANCE KEYCLOAK_CONNECT_OPTIONS KEYCLOAK_LOGGER KEYCLOAK_MULTITENANT_SERVICE
    KEYCLOAK_COOKIE_DEFAULT META_ROLES META_ROLE_MATCHING_MODE META_UNPROTECTED META_SKIP_AUTH META_PUBLIC
    META_RESOURCE META_SCOPES META_CONDITIONAL_SCOPES META_ENFORCER_OPTIONS
  `),
};

/** Files inside nest-keycloak-connect whose names its drop-in exports at its door. */
const AT_THE_DOOR = /^(constants|keycloak-connect\.module|(interface|services|decorators|guards)\/[\w.-]+)$/;

/** The old package of a module specifier, and the inner file that it names; empty if the drop-in exports its names. */
export function toOldPackage(specifier: string): { name: string; inside: string } | undefined {
  const path = specifier.replace(/^.*node_modules\//, '');
  const name = Object.keys(REPLACEMENTS).find((one) => path === one || path.startsWith(`${one}/`));
  if (name === undefined) return undefined;
  const inside = path.slice(name.length + 1);
  if (path !== specifier) return { name, inside };
  const file = inside.replace(/^dist\//, '').replace(/\.js$/, '');
  const isAtTheDoor = name === 'nest-keycloak-connect' && AT_THE_DOOR.test(file);
  return { name, inside: isAtTheDoor ? '' : inside };
}
