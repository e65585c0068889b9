import type { Principal } from 'keycloak-guard';
import type { UserInfo } from '../models.ts';

/** What `GET /protected` tells about its caller. */
export function toUserInfo({ username, email, name }: Principal): UserInfo {
  return { preferred_username: username, email, full_name: name };
}
