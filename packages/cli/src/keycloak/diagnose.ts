import { toSettingNames } from '@keycloak-guard/server/config';
import { diagnoseTokenError } from 'keycloak-guard/client';

/** The library's diagnosis of an answer of Keycloak. Its fix names settings. */
export function diagnose(
  ...[answer, hidden]: Parameters<typeof diagnoseTokenError>
): ReturnType<typeof diagnoseTokenError> {
  const diagnosis = diagnoseTokenError(answer, hidden);
  return { ...diagnosis, fix: toSettingNames(diagnosis.fix) };
}
