import { Controller, Get } from '@nestjs/common';
import { Principal, Public } from 'keycloak-guard/nest';
import { AppService } from './app.service';

interface MyClaims {
  readonly department?: string;
}

@Controller()
export class AppController {
  constructor(private readonly appService: AppService) {}

  @Get()
  @Public()
  getHello(): string {
    return this.appService.getHello();
  }

  @Get('me')
  me(@Principal() principal: Principal<MyClaims>): object {
    return { hello: principal.username, department: principal.claims.department ?? null };
  }
}
