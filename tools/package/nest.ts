import { emptyProject, install, run, write } from './project.ts';

/** As `nest new` writes it, with the lines of docs/frameworks/nest.md. */
const APP = {
  'src/app.service.ts': `
import { Injectable } from '@nestjs/common';

@Injectable()
export class AppService {
  getHello(): string {
    return 'Hello World!';
  }
}
`,
  'src/app.controller.ts': `
import { Controller, Get } from '@nestjs/common';
import { Principal, Public, Roles } from 'keycloak-guard/nest';
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
  me(@Principal() principal: Principal<MyClaims>, @Principal('username') username: string): object {
    return { hello: username, department: principal.claims.department ?? null };
  }

  @Get('admin')
  @Roles('admin')
  admin(): object {
    return { admin: true };
  }
}
`,
  'src/app.module.ts': `
import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { KeycloakGuard, KeycloakModule } from 'keycloak-guard/nest';
import { AppController } from './app.controller';
import { AppService } from './app.service';

@Module({
  imports: [KeycloakModule.forRoot({ serverUrl: 'http://127.0.0.1:9', realm: 'testing', clientId: 'api', onNotice: false })],
  controllers: [AppController],
  providers: [AppService, { provide: APP_GUARD, useClass: KeycloakGuard }],
})
export class AppModule {}
`,
};

const SPECS = {
  // Not a letter of it is changed.
  'src/app.controller.spec.ts': `
import { Test, TestingModule } from '@nestjs/testing';
import { AppController } from './app.controller';
import { AppService } from './app.service';

describe('AppController', () => {
  let appController: AppController;

  beforeEach(async () => {
    const app: TestingModule = await Test.createTestingModule({
      controllers: [AppController],
      providers: [AppService],
    }).compile();

    appController = app.get<AppController>(AppController);
  });

  describe('root', () => {
    it('should return "Hello World!"', () => {
      expect(appController.getHello()).toBe('Hello World!');
    });
  });
});
`,
  'test/app.spec.ts': `
import { type INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { AuthError, type Principal, type TokenVerifier } from 'keycloak-guard';
import { KeycloakService } from 'keycloak-guard/nest';
import { AppModule } from '../src/app.module';

const user = (username: string, ...realmRoles: string[]): Principal => ({
  ...{ subject: username, username, email: null, name: null, realmRoles, clientRoles: {}, groups: [], organizations: [] },
  ...{ scopes: [], audience: ['api'], sessionId: null, authorizedParty: null, issuer: 'test', expiresAt: 0 },
  claims: { department: 'sales' },
});
const users: Record<string, Principal> = { sara: user('sara', 'admin'), ali: user('ali') };

/** Takes the name of a user for a token. */
const verifier: TokenVerifier = {
  members: [],
  clientId: 'api',
  verify(token) {
    const found = users[token];
    if (found === undefined) throw new AuthError('token_signature', 'nobody has this token');
    return found;
  },
  async load() {},
  async close() {},
};

describe('the API', () => {
  let app: INestApplication;

  beforeAll(async () => {
    const module = await Test.createTestingModule({ imports: [AppModule] })
      .overrideProvider(KeycloakService)
      .useValue(new KeycloakService({ verifier }))
      .compile();
    app = module.createNestApplication();
    await app.listen(0, '127.0.0.1');
  });
  afterAll(() => app.close());

  const get = async (path: string, token?: string) => {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: \`Bearer \${token}\` };
    const response = await fetch((await app.getUrl()) + path, { headers });
    return [response.status, await response.text()];
  };

  it('is open where it is public, and asks for a token elsewhere', async () => {
    expect(await get('/')).toEqual([200, 'Hello World!']);
    expect(await get('/me')).toEqual([401, '{"detail":"Not authenticated"}']);
    expect(await get('/me', 'nobody')).toEqual([401, '{"detail":"Could not validate credentials"}']);
    expect(await get('/me', 'ali')).toEqual([200, '{"hello":"ali","department":"sales"}']);
  });

  it('asks for the role', async () => {
    expect((await get('/admin', 'ali'))[0]).toBe(403);
    expect((await get('/admin', 'sara'))[0]).toBe(200);
  });
});
`,
};

export function checkNest(archive: string): void {
  const project = emptyProject('nest', {
    jest: { transform: { '\\.ts$': 'ts-jest' }, testRegex: '\\.spec\\.ts$' },
  });
  install(
    project,
    ...[archive, '@nestjs/common@11', '@nestjs/core@11', '@nestjs/platform-express@11', '@nestjs/testing@11'],
    ...['reflect-metadata', 'rxjs', 'jest@30', 'ts-jest@29', '@types/jest@30', '@types/node', 'typescript@5'],
  );
  const options = {
    ...{ target: 'ES2023', strict: true, skipLibCheck: true, types: ['jest', 'node'] },
    ...{ experimentalDecorators: true, emitDecoratorMetadata: true, isolatedModules: true },
  };
  write(project, { ...APP, ...SPECS });
  // What nest new writes today, and what it wrote before.
  for (const module of ['nodenext', 'commonjs']) {
    write(project, { 'tsconfig.json': JSON.stringify({ compilerOptions: { ...options, module } }) });
    run(project, 'npx', '--no-install', 'tsc', '--noEmit', '-p', '.');
    run(project, 'npx', '--no-install', 'jest');
  }
  process.stdout.write('A NestJS application has module, guard and decorators, and Jest runs it.\n');
}
