import { defineChromiumJourney } from '../../contract/provider/chromium.ts';
import { keycloakTarget } from '../../contract/provider/keycloak-target.ts';
import { requireKeycloak } from '../support/real-keycloak.ts';

defineChromiumJourney(keycloakTarget(requireKeycloak()));
