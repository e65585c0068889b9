import { app } from './app.ts';

declare const Bun: { serve(options: object): void };

Bun.serve({ fetch: app, hostname: '127.0.0.1', port: Number(process.env.PORT) });
