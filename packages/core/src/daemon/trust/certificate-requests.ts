/** Asks the operator for certificates, by CertificateSigningRequests. */
import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { labels, labelValue, trustNames } from '../../api/index.ts';
import {
  type CertificateSigningRequest,
  certificateSigningRequest,
  Informer,
  isConflict,
  type KubeStore,
} from '../../kube/index.ts';
import type { Identity } from '../../trust/identity.ts';

/** Seconds; a stolen key is of use for no longer. */
const lifetimeSeconds = 24 * 3_600;

/** The operator has said no. */
export class RequestDenied extends Error {
  override readonly name = 'RequestDenied';
}

export class CertificateRequests {
  readonly #store: KubeStore;
  readonly #logger: Logger;

  constructor({ store, logger }: { store: KubeStore; logger: Logger }) {
    this.#store = store;
    this.#logger = logger;
  }

  /**
   * Waits for the answer for as long as it takes: the operator may be away.
   *
   * @param request PEM
   * @returns the certificate, with those between it and the authority, PEM
   * @throws RequestDenied; ApiError where it cannot be asked for
   */
  async certify(identity: Identity, request: string, signal: AbortSignal): Promise<string> {
    const name = await this.#submit(identity, request);
    const watch = new AbortController();
    const informer = new Informer(this.#store, certificateSigningRequest, {
      fieldSelector: `metadata.name=${name}`,
      logger: this.#logger,
    });
    const answered = Promise.withResolvers<string>();
    const abort = () => answered.reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await informer.start(AbortSignal.any([signal, watch.signal]));
      informer.onChange((object, _previous, kind) => {
        const answer = answerIn(object);
        if (answer instanceof Error) answered.reject(answer);
        else if (answer !== undefined) answered.resolve(answer);
        else if (kind === 'deleted') answered.reject(new Error(`CertificateSigningRequest ${name} was deleted`));
      });
      if (!informer.get(name)) throw new Error(`CertificateSigningRequest ${name} was deleted`);
      return await answered.promise;
    } finally {
      signal.removeEventListener('abort', abort);
      watch.abort();
    }
  }

  /** @returns its name */
  async #submit({ side, node }: Identity, request: string): Promise<string> {
    const hash = createHash('sha256').update(request).digest('hex').slice(0, 16);
    const { apiVersion, kind } = certificateSigningRequest;
    const metadata = { name: `dpu-channel-${side}-${hash}`, labels: { [labels.node]: labelValue(node) } };
    const spec = {
      request: Buffer.from(request).toString('base64'),
      signerName: trustNames.signer,
      usages: ['digital signature', side === 'host' ? 'client auth' : 'server auth'],
      expirationSeconds: lifetimeSeconds,
    };
    try {
      await this.#store.create(certificateSigningRequest, { apiVersion, kind, metadata, spec });
    } catch (error) {
      // An answer that was lost: the name is of this request alone.
      if (!isConflict(error)) throw error;
    }
    return metadata.name;
  }
}

/** @returns undefined while there is none */
function answerIn({ metadata, status }: CertificateSigningRequest): string | Error | undefined {
  const refusal = status?.conditions?.find(({ type }) => type === 'Denied' || type === 'Failed');
  if (refusal) {
    const why = refusal.message || refusal.reason || 'no reason is given';
    return new RequestDenied(`CertificateSigningRequest ${metadata.name} is ${refusal.type.toLowerCase()}: ${why}`);
  }
  return status?.certificate ? Buffer.from(status.certificate, 'base64').toString('utf8') : undefined;
}
