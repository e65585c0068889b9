import { index, type RouteConfig, route } from '@react-router/dev/routes';

export default [
  index('routes/home.tsx'),
  route('me', 'routes/me.ts'),
  route('admin', 'routes/admin.ts'),
  route('auth/*', 'routes/auth.ts'),
  route('backchannel-logout', 'routes/backchannel-logout.ts'),
] satisfies RouteConfig;
