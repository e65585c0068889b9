/** Whether a route is one of those that load balancers, container engines and orchestrators ask every few seconds. */
export const isHealthRoute = (route: string | undefined): boolean => route?.startsWith('/health/') === true;
