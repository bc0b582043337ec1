/** Trust and certificates as the DPUs of a node need them. */
import type { Logger } from 'pino';
import type { KubeStore } from '../../kube/index.ts';
import { createRequest } from '../../trust/request.ts';
import { CertificateRequests } from './certificate-requests.ts';
import type { NodeTrust } from './channel-end.ts';
import type { ObservedTrust } from './observed-trust.ts';

export function nodeTrust(trust: ObservedTrust, { store, logger }: { store: KubeStore; logger: Logger }): NodeTrust {
  const requests = new CertificateRequests({ store, logger });
  return {
    get own() {
      return trust.own;
    },
    get problem() {
      return trust.problem;
    },
    bundles: () => trust.bundles(),
    onChange: (listener) => {
      trust.on('change', listener);
      return () => trust.off('change', listener);
    },
    makeRequest: createRequest,
    certify: (identity, request, signal) => requests.certify(identity, request, signal),
  };
}
