/** What it means that a registry of images could not be reached. */
import { LookupError } from '../lookup/lookup-error.ts';
import { failureKind } from '../npm/failure.ts';

/** What OpenSSL says of a server that answers a greeting of TLS in plain text. */
const plainText = /wrong.version.number|packet.length.too.long/i;

export function registryFault(error: unknown, host: string, signal: AbortSignal): Error {
  if (error instanceof LookupError) return error;
  if (signal.aborted) {
    const isLate = signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError';
    return isLate ? new LookupError('TimedOut', `the registry ${host} took too long`) : signal.reason;
  }
  const { code = 'UNKNOWN', message = String(error) } = error as { code?: string; message?: string };
  const detail = message.includes(code) ? message : `${code}: ${message}`;
  if (plainText.test(detail)) {
    return new LookupError(
      'RegistryInsecure',
      `${host} does not speak TLS (${detail}): where it is to be reached by http, add it to spec.plugins.httpRegistries of the DpuOperatorConfig`,
      { cause: error },
    );
  }
  if (failureKind({ code, summary: message }) === 'untrusted') {
    return new LookupError(
      'RegistryUntrusted',
      `the certificate of ${host} is not trusted (${detail}): put its authority's into ca.crt of the Secret for it, or into the ConfigMap dpu-operator-trusted-ca`,
      { cause: error },
    );
  }
  return new LookupError(
    'RegistryUnreachable',
    `${host} does not answer (${detail}): check the image's name, and the way there from the operator's pod`,
    { cause: error },
  );
}
