import { keycloakTarget } from '../../contract/provider/keycloak-target.ts';
import { defineProviderContract } from '../../contract/provider/suite.ts';
import { requireKeycloak } from '../support/real-keycloak.ts';

defineProviderContract(keycloakTarget(requireKeycloak()), 'tokens');
