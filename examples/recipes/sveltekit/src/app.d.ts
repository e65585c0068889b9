import type { Principal } from 'keycloak-guard';

declare global {
  namespace App {
    interface Locals {
      principal: Principal | null;
    }
  }
}
