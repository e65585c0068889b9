import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { KeycloakService, Principal, Public, Roles } from 'keycloak-guard/nest';

@Controller()
export class AppController {
  constructor(private readonly keycloak: KeycloakService) {}

  @Get()
  @Public()
  home() {
    // #if browser
    return `<!doctype html>
<title>my-app</title>
<h1>my-app</h1>
<p><a href="/me">Who am I?</a> · <a href="/admin">For administrators</a></p>
<form method="post" action="/auth/logout"><button>Sign out</button></form>
`;
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
