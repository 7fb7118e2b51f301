import type { FastifyInstance } from 'fastify';

/** Whether a node serves, and if not, why, in words for the person who runs it. */
export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}

/** Adds `/livez` (the process answers) and `/readyz` (the node serves); both are open to everybody. */
export function addHealthRoutes(app: FastifyInstance, readiness: () => Readiness): void {
  app.get('/livez', async () => ({ alive: true }));
  app.get('/readyz', async (_request, reply) => {
    const { ready, reasons } = readiness();
    return reply.code(ready ? 200 : 503).send({ ready, reasons });
  });
}
