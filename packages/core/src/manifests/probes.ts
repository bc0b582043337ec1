/**
 * Probes of a process that serves its health by http. On an overloaded node an answer takes seconds, and a restart costs more
 * than it mends: one whose event loop stands still for two minutes is started anew.
 */
export function healthProbes(port: number) {
  return {
    livenessProbe: { httpGet: { path: '/healthz', port }, periodSeconds: 20, timeoutSeconds: 10, failureThreshold: 6 },
    readinessProbe: { httpGet: { path: '/readyz', port }, periodSeconds: 5, timeoutSeconds: 5 },
  };
}
