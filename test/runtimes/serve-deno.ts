import { app } from './app.ts';

declare const Deno: { serve(options: object, handler: typeof app): void };

Deno.serve({ hostname: '127.0.0.1', port: Number(process.env.PORT) }, app);
