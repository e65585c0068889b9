import type { Principal } from 'keycloak-guard';
import { ofEach } from 'keycloak-guard/unstable';
import type { UserInfo } from '../models.ts';

/** What `GET /protected` tells about its caller, as JSON. A principal never changes: what is known of one is written once. */
export const toUserInfo = ofEach(({ username, email, name }: Principal): string =>
  JSON.stringify({ preferred_username: username, email, full_name: name } satisfies UserInfo),
);
