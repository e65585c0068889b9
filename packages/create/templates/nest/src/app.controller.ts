import { Controller, Get } from '@nestjs/common';
import { Principal, Public, Roles } from 'keycloak-guard/nest';

@Controller()
export class AppController {
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
