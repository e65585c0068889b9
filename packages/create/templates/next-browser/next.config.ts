import type { NextConfig } from 'next';

// For `forbidden()`: a page that a role is needed for answers 403.
const config: NextConfig = { experimental: { authInterrupts: true } };

export default config;
