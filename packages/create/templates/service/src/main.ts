// The API of the guide: POST /login, GET /protected, Swagger UI at /docs. Settings come from the environment and .env.
import { runService } from '@keycloak-guard/server';

process.exitCode = await runService();
