import type { Logger } from 'pino';
import { inject, injectable } from 'tsyringe';
import { isConditionTrue } from '../../api/fields/conditions.ts';
import { dataProcessingUnit } from '../../api/kinds/data-processing-unit.ts';
import {
  type CertificateSigningRequest,
  Controller,
  certificateSigningRequest,
  type KubeStore,
  keyOf,
  pod,
  type Requeue,
} from '../../kube/index.ts';
import { type Identity, identityUri } from '../../trust/identity.ts';
import type { RequestContent } from '../../trust/x509/operations.ts';
import { CertificateError, x509 } from '../../trust/x509/run.ts';
import type { Caches } from '../shared/caches.ts';
import type { Environment } from '../shared/environment.ts';
import { tokens } from '../shared/tokens.ts';
import { leafLifetimeMs } from './authority.ts';
import { type Denial, daemonAccount, denialOf, requestedIdentity, requesterDenial } from './request-decision.ts';
import { RequestLimit } from './request-limit.ts';
import { isTouched, type Signer, type TrustController } from './trust-controller.ts';

/** Milliseconds until a request is looked at again that no authority can sign now. */
const withoutAuthorityMs = 60_000;

/** Claims of a bound token, as the API server hands them on. */
const nodeClaim = 'authentication.kubernetes.io/node-name';
const podClaim = 'authentication.kubernetes.io/pod-name';
const podUidClaim = 'authentication.kubernetes.io/pod-uid';

/**
 * Approves and signs the daemons' CertificateSigningRequests, or denies them with a reason. Kubernetes deletes them: one
 * that was answered after an hour, any other after a day.
 */
@injectable()
export class CertificateController {
  readonly controller: Controller;
  readonly #store: KubeStore;
  readonly #caches: Caches;
  readonly #namespace: string;
  readonly #trust: TrustController;
  readonly #limit = new RequestLimit();
  /** Uids of open requests that the limit has let through: they are looked at more than once. */
  readonly #admitted = new Set<string>();
  /** Uids of requests that are signed, while the cache may not show it yet. */
  readonly #signed = new Set<string>();

  constructor(
    @inject(tokens.store) store: KubeStore,
    @inject(tokens.caches) caches: Caches,
    @inject(tokens.environment) { namespace }: Environment,
    @inject(tokens.logger) logger: Logger,
    @inject(tokens.trust) trust: TrustController,
  ) {
    this.#store = store;
    this.#caches = caches;
    this.#namespace = namespace;
    this.#trust = trust;
    this.controller = new Controller({ name: 'certificate', logger, reconcile: (key) => this.reconcile(key) });
    caches.certificateRequests.onChange((request, _, kind) => {
      if (kind !== 'deleted' && isOpen(request)) this.controller.enqueue(keyOf(request));
      else this.#admitted.delete(request.metadata.uid ?? '');
      if (kind === 'deleted') this.#signed.delete(request.metadata.uid ?? '');
    });
    // There may be an authority now.
    const enqueueOpen = () => {
      for (const request of caches.certificateRequests.list().filter(isOpen)) this.controller.enqueue(keyOf(request));
    };
    caches.configs.onChange((config, previous, kind) => {
      if (kind !== 'updated' || isTouched(config, previous)) enqueueOpen();
    });
    caches.trust.onChange(enqueueOpen);
  }

  async reconcile(key: string): Promise<Requeue | undefined> {
    const request = this.#caches.certificateRequests.getByKey(key);
    if (!request || !isOpen(request) || this.#signed.has(request.metadata.uid ?? '')) return undefined;
    const requester = await this.#requester(request);
    if ('denial' in requester) return await this.#deny(request, requester.denial);
    const signer = await this.#trust.signer();
    if (!signer) return { requeueAfterMs: withoutAuthorityMs };
    const outcome = await this.#decide(request, signer, requester.node);
    if ('denial' in outcome) return await this.#deny(request, outcome.denial);
    await this.#approve(request);
    await this.#sign(request, outcome.identity, signer);
    return undefined;
  }

  /** Whose request it is, before the authority is looked at and the request is read: both are costly. */
  async #requester(request: CertificateSigningRequest): Promise<{ denial: Denial } | { node: string }> {
    const node = await this.#nodeOf(request);
    const denial = requesterDenial(request, this.#namespace, node);
    if (denial) return { denial };
    if (node === undefined) throw new Error(`request ${request.metadata.name} was let through without a node`);
    const uid = request.metadata.uid ?? '';
    if (isApproved(request) || this.#admitted.has(uid)) return { node };
    if (!this.#limit.take(node, performance.now())) {
      return { denial: { reason: 'TooManyRequests', message: `node ${node} asks for certificates too often` } };
    }
    this.#admitted.add(uid);
    return { node };
  }

  async #decide(
    request: CertificateSigningRequest,
    { installation, barred }: Signer,
    node: string,
  ): Promise<{ denial: Denial } | { identity: Identity }> {
    const content = await readContent(request);
    if (content instanceof CertificateError)
      return { denial: { reason: 'RequestMalformed', message: content.message } };
    const identity = requestedIdentity(content);
    const dpu = identity && (await this.#store.get(dataProcessingUnit, identity.dpu));
    const others = identity ? await this.#trust.issued.othersOfNode(identity, Date.now()) : 0;
    const context = { installation, node, dpu, others, barred };
    const denial = denialOf(request, content, context);
    if (denial) return { denial };
    if (!identity) throw new Error(`request ${request.metadata.name} was let through without an identity`);
    return { identity };
  }

  /** The node that the API server vouches for. Before Kubernetes 1.30 that is known of the pod only. */
  async #nodeOf({ spec }: CertificateSigningRequest): Promise<string | undefined> {
    const claim = (name: string) => spec.extra?.[name]?.[0];
    const node = claim(nodeClaim);
    const podName = claim(podClaim);
    if (node !== undefined || podName === undefined || spec.username !== daemonAccount(this.#namespace)) return node;
    const found = await this.#store.get(pod, podName, this.#namespace);
    return found?.metadata.uid === claim(podUidClaim) ? found?.spec.nodeName : undefined;
  }

  async #approve(request: CertificateSigningRequest): Promise<void> {
    if (isApproved(request)) return;
    const message = "the node of the requester's token has this DataProcessingUnit";
    await this.#conclude(request, { type: 'Approved', reason: 'IdentityProven', message });
  }

  async #deny(request: CertificateSigningRequest, { reason, message }: Denial): Promise<undefined> {
    // Approved by somebody else, or before its DPU went: the signature fails.
    const type = isApproved(request) ? 'Failed' : 'Denied';
    await this.#conclude(request, { type, reason, message });
  }

  async #conclude(
    { metadata: { name, resourceVersion }, status }: CertificateSigningRequest,
    condition: { type: 'Approved' | 'Denied' | 'Failed'; reason: string; message: string },
  ): Promise<void> {
    const lastUpdateTime = new Date().toISOString();
    const conditions = [...(status?.conditions ?? []), { ...condition, status: 'True', lastUpdateTime }];
    const subresource = condition.type === 'Failed' ? 'status' : 'approval';
    // A merge replaces the whole list; with another's entry in it the version is another.
    const patch = { metadata: { resourceVersion }, status: { conditions } };
    await this.#store.patch(certificateSigningRequest, name, undefined, patch, subresource);
  }

  async #sign(request: CertificateSigningRequest, identity: Identity, { authority }: Signer): Promise<void> {
    const uri = identityUri(identity);
    const issued = Date.now();
    const lifetimeMs = Math.min(leafLifetimeMs, (request.spec.expirationSeconds ?? Number.POSITIVE_INFINITY) * 1000);
    const { certificate } = await x509('issue', {
      request: decode(request.spec.request),
      uri,
      commonName: `dpu-channel-${identity.side}`,
      usage: identity.side === 'host' ? 'clientAuth' : 'serverAuth',
      authority,
      issued,
      notAfter: issued + lifetimeMs,
    });
    await this.#trust.issued.add(uri, issued);
    const status = { certificate: Buffer.from(certificate).toString('base64') };
    await this.#store.patch(certificateSigningRequest, request.metadata.name, undefined, { status }, 'status');
    this.#signed.add(request.metadata.uid ?? '');
  }
}

function isOpen({ status }: CertificateSigningRequest): boolean {
  const over = status?.conditions?.some(({ type }) => type === 'Denied' || type === 'Failed') ?? false;
  return !over && !status?.certificate;
}

function isApproved({ status }: CertificateSigningRequest): boolean {
  return isConditionTrue(status?.conditions, 'Approved');
}

async function readContent({ spec }: CertificateSigningRequest): Promise<RequestContent | CertificateError> {
  try {
    return await x509('readRequest', { request: decode(spec.request) });
  } catch (error) {
    if (error instanceof CertificateError) return error;
    throw error;
  }
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}
