/** Which registries may be reached by http: those that `spec.plugins.httpRegistries` of the DpuOperatorConfig names. */

/**
 * Whether one of the entries names this registry. Port 80 may be said or left out, as URLs do.
 *
 * @param host Host, and port where it has one.
 */
export function mayUseHttp(host: string, httpRegistries: readonly string[] = []): boolean {
  const asked = normal(host);
  return asked !== undefined && httpRegistries.some((entry) => normal(entry) === asked);
}

function normal(host: string): string | undefined {
  return URL.parse(`http://${host}`)?.host;
}
