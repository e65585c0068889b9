import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { KeycloakService, Principal, Public, Roles } from 'keycloak-guard/nest';
// #if browser
import { home } from './home';
// #endif

@Controller()
export class AppController {
  constructor(private readonly keycloak: KeycloakService) {}

  @Get()
  @Public()
  home() {
    // #if browser
    return home;
    // #else
    return { hello: 'world' };
    // #endif
  }

  /** For Kubernetes and load balancers: whether the keys of the realm are loaded. */
  @Get('health/ready')
  @Public()
  ready() {
    const health = this.keycloak.health();
    if (!health.isReady) throw new ServiceUnavailableException(health);
    return health;
  }

  @Get('me')
  me(@Principal() principal: Principal) {
    return { hello: principal.username };
  }

  @Get('admin')
  @Roles('admin')
  admin() {
    return { secret: 42 };
  }
}
