import type { UserRepresentation } from './representation.ts';
import { stableId } from './stable-id.ts';

/** A user with an id and Keycloak's defaults filled in. */
export type User = Readonly<ReturnType<typeof toUser>>;

export function toUser(realm: string, rep: UserRepresentation) {
  const username = rep.username.toLowerCase();
  return {
    id: rep.id ?? stableId(realm, 'user', username),
    username,
    enabled: rep.enabled ?? false,
    email: rep.email?.toLowerCase(),
    emailVerified: rep.emailVerified ?? false,
    firstName: rep.firstName,
    lastName: rep.lastName,
    attributes: rep.attributes ?? {},
    // An incomplete profile is an action, too (Keycloak 24 and later).
    requiredActions: [
      ...new Set([...(rep.requiredActions ?? []), ...(isProfileComplete(rep) ? [] : ['VERIFY_PROFILE'])]),
    ],
    notBefore: rep.notBefore ?? 0,
    representation: rep,
  };
}

function isProfileComplete(rep: UserRepresentation): boolean {
  if (rep.serviceAccountClientId !== undefined) return true;
  return Boolean(rep.email) && Boolean(rep.firstName) && Boolean(rep.lastName);
}
