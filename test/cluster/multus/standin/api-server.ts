import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { CniError, codes } from './errors.ts';

/** Below the two minutes in which kubelet gives up on a sandbox. */
const timeoutMs = 20_000;

export interface Pod {
  metadata: { uid: string; annotations?: Record<string, string> };
}

export interface NetworkAttachmentDefinition {
  metadata: { annotations?: Record<string, string> };
  spec?: { config?: string };
}

/** The few calls that attaching a pod needs, made with a kubeconfig (written as JSON) that lies on the node. */
export class ApiServer {
  readonly #server: string;
  readonly #ca: Buffer;
  readonly #token: string;

  constructor(kubeconfigPath: string) {
    const config = JSON.parse(readFileSync(kubeconfigPath, 'utf8'));
    const { cluster } = config.clusters[0];
    this.#server = cluster.server;
    this.#ca = Buffer.from(cluster['certificate-authority-data'], 'base64');
    this.#token = config.users[0].user.token;
  }

  pod(namespace: string, name: string): Promise<Pod> {
    return this.#call('GET', `/api/v1/namespaces/${namespace}/pods/${name}`);
  }

  network(namespace: string, name: string): Promise<NetworkAttachmentDefinition> {
    const path = `/apis/k8s.cni.cncf.io/v1/namespaces/${namespace}/network-attachment-definitions/${name}`;
    return this.#call('GET', path);
  }

  async annotate(namespace: string, name: string, annotations: Record<string, string>): Promise<void> {
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/status`;
    await this.#call('PATCH', path, { metadata: { annotations } });
  }

  #call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const headers = {
      authorization: `Bearer ${this.#token}`,
      accept: 'application/json',
      ...(body !== undefined && { 'content-type': 'application/merge-patch+json' }),
    };
    return new Promise((resolve, reject) => {
      const url = new URL(path, this.#server);
      const call = request(url, { method, headers, ca: this.#ca, timeout: timeoutMs, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => {
          if (response.statusCode === 200) resolve(JSON.parse(text));
          else reject(new CniError(codes.internal, `${method} ${path}: ${response.statusCode} ${reason(text)}`));
        });
      });
      call.once('timeout', () => call.destroy(new Error(`no answer in ${timeoutMs} ms`)));
      call.once('error', (error) => {
        reject(new CniError(codes.tryLater, `API server ${this.#server} does not answer: ${error.message}`));
      });
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

function reason(text: string): string {
  try {
    return JSON.parse(text).message;
  } catch {
    return text.slice(0, 200);
  }
}
