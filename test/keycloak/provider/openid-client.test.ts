import { keycloakTarget } from '../../contract/provider/keycloak-target.ts';
import { defineOpenidClientJourney } from '../../contract/provider/openid-client.ts';
import { requireKeycloak } from '../support/real-keycloak.ts';

defineOpenidClientJourney(keycloakTarget(requireKeycloak()));
