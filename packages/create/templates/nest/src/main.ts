import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module';
import { host, port } from './settings';

async function bootstrap() {
  const app = await NestFactory.create(AppModule);
  // A container ends so: what is under way is answered first.
  process.once('SIGTERM', () => void app.close().then(() => process.exit()));
  await app.listen(port, host);
  console.log(`Listening at ${await app.getUrl()}`);
}

void bootstrap();
