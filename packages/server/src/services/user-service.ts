import type { Principal } from 'keycloak-guard';
import { ofEach } from 'keycloak-guard/unstable';
import type { UserInfo } from '../models.ts';

/** The answer of `GET /protected` about its caller, as JSON. A principal never changes, so it is written once. */
export const toUserInfo = ofEach(({ username, email, name }: Principal): string =>
  JSON.stringify({ preferred_username: username, email, full_name: name } satisfies UserInfo),
);
