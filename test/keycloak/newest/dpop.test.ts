import { dpopContract } from '../../contract/dpop/dpop-contract.ts';
import { requireKeycloak } from '../support/real-keycloak.ts';

const { url, realm, version } = requireKeycloak();

dpopContract(`Keycloak ${version}`, async () => ({ url, realm, close: async () => {} }));
