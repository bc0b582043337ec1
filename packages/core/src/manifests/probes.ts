/**
 * Probes of a process that serves its health by http. On an overloaded node an answer takes seconds, and a restart costs more
 * than it mends: one whose event loop stands still for two minutes is started anew.
 */
export function healthProbes(port: number) {
  return {
    // Until it is ready for the first time it is asked each second: an installation or an upgrade waits for that. After ten
    // minutes it starts anew.
    startupProbe: { httpGet: { path: '/readyz', port }, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 600 },
    livenessProbe: { httpGet: { path: '/healthz', port }, periodSeconds: 20, timeoutSeconds: 10, failureThreshold: 6 },
    readinessProbe: { httpGet: { path: '/readyz', port }, periodSeconds: 5, timeoutSeconds: 5 },
  };
}
