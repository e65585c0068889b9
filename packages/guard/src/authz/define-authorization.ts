import type { AuthorizationFile, AuthorizationResource } from './authorization-file.ts';

/**
 * Types an `authz.ts`, the file that `keycloak-guard authz plan` compares with Keycloak. A name of a scope, resource or
 * policy that the file does not define does not compile. Returns its argument; it neither checks nor sends anything.
 *
 * @example
 * ```ts
 * import { defineAuthorization, type PermissionOf } from 'keycloak-guard/authz';
 *
 * const authorization = defineAuthorization({
 *   scopes: ['view', 'edit'],
 *   resources: [{ name: 'orders', scopes: ['view', 'edit'] }],
 *   policies: [{ name: 'is member', type: 'role', roles: ['member'], fetchRoles: true }],
 *   permissions: [{ name: 'orders for members', resources: ['orders'], policies: ['is member'] }],
 * });
 *
 * export default authorization;
 * export const mayView: PermissionOf<typeof authorization> = 'orders#view';
 * ```
 */
export function defineAuthorization<
  const Scope extends string = never,
  const Resource extends AuthorizationResource<NoInfer<Scope>> = never,
  const Policy extends string = never,
>(file: AuthorizationFile<Scope, Resource, Policy>): AuthorizationFile<Scope, Resource, Policy> {
  return file;
}

/** Every permission that a file defines: `resource#scope`, or `resource` if it has no scopes. */
export type PermissionOf<File> =
  File extends AuthorizationFile<infer _Scope, infer Resource, infer _Policy>
    ? Resource extends { readonly name: infer Name extends string }
      ? Resource extends { readonly scopes: readonly [] }
        ? Name
        : Resource extends { readonly scopes: readonly (infer Scope extends string)[] }
          ? `${Name}#${Scope}`
          : Name
      : never
    : never;
