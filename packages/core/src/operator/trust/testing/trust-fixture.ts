/** The operator's controllers of trust against an API server in memory; certificates are real. */
import 'reflect-metadata';
import { vi } from 'vitest';
import { configName, operatorNamespace, trustNames } from '../../../api/names/names.ts';
import { TestApiServer } from '../../../daemon/testing/api-server.ts';
import type { KubeStore } from '../../../kube/index.ts';
import { bundleFrom } from '../../../trust/bundle.ts';
import type { Identity } from '../../../trust/identity.ts';
import { identityUri } from '../../../trust/identity.ts';
import { makeRequest } from '../../../trust/x509/operations.ts';
import { type RunningControllers, runControllers } from '../../testing/controllers.ts';
import { CertificateController } from '../certificate-controller.ts';
import { readPublished } from '../published-trust.ts';
import { TrustController } from '../trust-controller.ts';

const namespaced = `/api/v1/namespaces/${operatorNamespace}`;
const config = `/apis/config.openshift.io/v1/dpuoperatorconfigs/${configName}`;
const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const namespaceUid = '6ed9163f-2ad5-4ba2-9b3a-d4ae2a1e7c11';

export class TrustFixture {
  readonly server = new TestApiServer();
  #touches = 0;
  readonly installation = namespaceUid.replaceAll('-', '');
  #operator: RunningControllers | undefined;

  constructor() {
    const metadata = { name: operatorNamespace };
    this.server.put(`/api/v1/namespaces/${operatorNamespace}`, { apiVersion: 'v1', kind: 'Namespace', metadata });
    // The server gives uids of its own.
    const namespace = this.server.objects.get(`/api/v1/namespaces/${operatorNamespace}`);
    if (namespace) namespace.metadata.uid = namespaceUid;
  }

  /** Starts an operator; what an earlier one left is still there. */
  async start(): Promise<void> {
    this.#operator = await runControllers(this.server, ({ store, caches, environment, events, logger }) => {
      const trust = new TrustController(store, caches, environment, events, logger);
      return [trust, new CertificateController(store, caches, environment, logger, trust)];
    });
  }

  get store(): KubeStore {
    if (!this.#operator) throw new Error('the fixture has not been started');
    return this.#operator.store;
  }

  async stop(): Promise<void> {
    await this.#operator?.end();
    this.server.close();
  }

  /** Makes the config, or touches it: the operator looks at the Secret then. */
  putConfig(trust: object = {}): void {
    this.#touches += 1;
    this.server.put(config, {
      apiVersion: 'config.openshift.io/v1',
      kind: 'DpuOperatorConfig',
      metadata: { name: configName, annotations: { touched: String(this.#touches) } },
      spec: { trust },
      status: this.server.objects.get(config)?.status ?? {},
    });
  }

  putSecret(name: string, data: Record<string, string>): void {
    const encoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
    const metadata = { name, namespace: operatorNamespace };
    const object = { apiVersion: 'v1', kind: 'Secret', metadata, data: Object.fromEntries(encoded) };
    this.server.put(this.secretPath(name), object);
  }

  secretPath(name: string = trustNames.authority): string {
    return `${namespaced}/secrets/${name}`;
  }

  secretData(name?: string): Record<string, string> {
    return (this.server.objects.get(this.secretPath(name))?.data ?? {}) as Record<string, string>;
  }

  readonly configMapPath = `${namespaced}/configmaps/${trustNames.configMap}`;

  /** What daemons read. */
  bundle() {
    return bundleFrom(this.#configMapData());
  }

  authorities() {
    return readPublished(this.#configMapData()).authorities;
  }

  /** Changes the ConfigMap as an administrator would. */
  changeConfigMap(change: { annotations?: Record<string, string>; data?: Record<string, string> }): void {
    const object = this.server.objects.get(this.configMapPath);
    if (!object) throw new Error('there is no ConfigMap');
    const metadata = { ...object.metadata, annotations: change.annotations };
    this.server.put(this.configMapPath, { ...object, metadata, data: { ...this.#configMapData(), ...change.data } });
  }

  condition() {
    const status = this.server.objects.get(config)?.status as { conditions?: Record<string, string>[] } | undefined;
    return status?.conditions?.find(({ type }) => type === 'Trust');
  }

  async reason(reason: string) {
    return await vi.waitFor(() => {
      const condition = this.condition();
      if (condition?.reason !== reason) throw new Error(`the condition is ${JSON.stringify(condition)}`);
      return condition;
    }, 60_000);
  }

  putDpu(name: string, nodeName: string, isDpuSide = false): void {
    this.server.put(this.dpuPath(name), {
      apiVersion: 'config.openshift.io/v1',
      kind: 'DataProcessingUnit',
      metadata: { name },
      spec: { isDpuSide, nodeName },
    });
  }

  dpuPath(name: string): string {
    return `/apis/config.openshift.io/v1/dataprocessingunits/${name}`;
  }

  identity(node: string, dpu: string): Identity {
    return { installation: this.installation, side: 'host', node, dpu };
  }

  /** Asks for a certificate as a daemon on `node` would. */
  async request(
    name: string,
    identity: Identity,
    node: string,
    extra = { 'authentication.kubernetes.io/node-name': [node] },
  ) {
    const { request } = await makeRequest({ uri: identityUri(identity) });
    this.server.put(`${requests}/${name}`, {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name },
      spec: {
        request: Buffer.from(request).toString('base64'),
        signerName: trustNames.signer,
        usages: ['digital signature', 'client auth'],
        expirationSeconds: 86_400,
        username: `system:serviceaccount:${operatorNamespace}:dpu-daemon`,
        extra,
      },
    });
  }

  async answer(name: string): Promise<{ certificate?: string; conditions: { type: string; reason: string }[] }> {
    return await vi.waitFor(() => {
      const status = this.server.objects.get(`${requests}/${name}`)?.status as
        | { certificate?: string; conditions?: { type: string; reason: string }[] }
        | undefined;
      const over = status?.certificate ?? status?.conditions?.find(({ type }) => type !== 'Approved');
      if (!over) throw new Error(`request ${name} is not answered: ${JSON.stringify(status)}`);
      const { certificate, conditions = [] } = status ?? {};
      return certificate === undefined
        ? { conditions }
        : { conditions, certificate: Buffer.from(certificate, 'base64').toString('utf8') };
    }, 60_000);
  }

  #configMapData(): Record<string, string> {
    return (this.server.objects.get(this.configMapPath)?.data ?? {}) as Record<string, string>;
  }
}
