import { emptyProject, install, run, write } from './project.ts';

/** A verifier as a provider, as in an application that `nest new` made: decorators, and Jest with ts-jest. */
const APP = `
import { Controller, Get, HttpException, Inject, Injectable, Module, Req, type OnApplicationShutdown } from '@nestjs/common';
import { authenticate, createVerifier, isAuthError, type Verifier } from 'keycloak-guard';

const KEYCLOAK = Symbol('keycloak');

@Injectable()
export class AppService implements OnApplicationShutdown {
  constructor(@Inject(KEYCLOAK) private readonly verifier: Verifier) {}

  async whoCalls(request: { headers: Record<string, string | string[] | undefined> }): Promise<string | null> {
    try {
      return (await authenticate(this.verifier, request)).username;
    } catch (error) {
      if (!isAuthError(error)) throw error;
      throw new HttpException(error.message, error.statusCode);
    }
  }

  onApplicationShutdown(): void {
    this.verifier.close();
  }
}

@Controller()
export class AppController {
  constructor(private readonly service: AppService) {}

  @Get('me')
  async me(@Req() request: { headers: Record<string, string> }): Promise<{ hello: string | null }> {
    return { hello: await this.service.whoCalls(request) };
  }
}

@Module({
  controllers: [AppController],
  providers: [
    AppService,
    {
      provide: KEYCLOAK,
      useFactory: (): Verifier =>
        createVerifier({ serverUrl: 'http://127.0.0.1:9', realm: 'testing', clientId: 'api', onNotice: false }),
    },
  ],
})
export class AppModule {}
`;

const SPEC = `
import { Test } from '@nestjs/testing';
import { AppModule } from './app';

test('without a token it is 401, by HTTP', async () => {
  const app = (await Test.createTestingModule({ imports: [AppModule] }).compile()).createNestApplication();
  await app.listen(0, '127.0.0.1');
  try {
    const response = await fetch(\`\${await app.getUrl()}/me\`);
    expect([response.status, await response.json()]).toEqual([401, { statusCode: 401, message: 'Not authenticated' }]);
  } finally {
    await app.close();
  }
});
`;

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
  write(project, { 'app.ts': APP, 'app.spec.ts': SPEC });
  // What nest new writes today, and what it wrote before.
  for (const module of ['nodenext', 'commonjs']) {
    write(project, { 'tsconfig.json': JSON.stringify({ compilerOptions: { ...options, module } }) });
    run(project, 'npx', '--no-install', 'tsc', '--noEmit', '-p', '.');
    run(project, 'npx', '--no-install', 'jest');
  }
  process.stdout.write('A NestJS application has a verifier as a provider, and Jest runs it.\n');
}
