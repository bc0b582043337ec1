/** A real etcd and kube-apiserver, of the node image's build, without the rest of a cluster. */
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { workloads } from '@dpu-operator/core/api';
import { KubeStore } from '@dpu-operator/core/kube';
import { TestAuthority } from '@dpu-operator/core/trust/testing';
import { networkAttachmentDefinition } from '../../cluster/multus/manifests.ts';
import { goPrograms, goRecipes } from '../../cluster/node-image/go-programs.ts';
import { repositoryRoot } from '../../cluster/paths.ts';
import { run } from '../../cluster/run.ts';
import { eventually } from '../../support/eventually.ts';
import { PatientClient } from './patient-client.ts';

export const namespace = 'openshift-dpu-operator';

interface User {
  name: string;
  token: string;
  groups: readonly string[];
}

const admin: User = { name: 'admin', token: randomBytes(16).toString('hex'), groups: ['system:masters'] };
const operator: User = {
  name: `system:serviceaccount:${namespace}:${workloads.operator}`,
  token: randomBytes(16).toString('hex'),
  groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
};

/** Every request of the operator, and nobody else's, as one line when it has been answered. */
const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [{ level: 'Metadata', users: [operator.name] }, { level: 'None' }],
};

export class ControlPlane implements AsyncDisposable {
  readonly directory: string;
  readonly #processes: ChildProcess[] = [];
  #server = '';
  #ca = '';

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** With the kinds, accounts, rights and admission policies of an installation, and Multus's kind. */
  static async start(): Promise<ControlPlane> {
    const plane = new ControlPlane(await mkdtemp(join(tmpdir(), 'scale-bench-')));
    try {
      await plane.#start();
    } catch (error) {
      await plane[Symbol.asyncDispose]();
      throw error;
    }
    return plane;
  }

  get auditLog(): string {
    return join(this.directory, 'audit.log');
  }

  /** The operator's. */
  get kubeconfig(): string {
    return join(this.directory, 'operator.kubeconfig');
  }

  get pids(): number[] {
    return this.#processes.flatMap(({ pid }) => pid ?? []);
  }

  /** For the fleet: an administrator's. */
  store(): KubeStore {
    const cluster = { name: 'bench', server: this.#server, skipTLSVerify: false };
    return new KubeStore(
      new PatientClient({
        getCurrentCluster: () => cluster,
        applyToHTTPSOptions: async (options) => {
          options.ca = this.#ca;
          options.headers = { ...options.headers, Authorization: `Bearer ${admin.token}` };
        },
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of [...this.#processes].reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    await rm(this.directory, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    const kubernetes = await goPrograms(console.error, goRecipes.kubernetes);
    const etcd = await goPrograms(console.error, goRecipes.etcd);
    const [clients, peers, port] = [await freePort(), await freePort(), await freePort()];
    this.#server = `https://127.0.0.1:${port}`;
    await this.#writeFiles();
    const file = (name: string) => join(this.directory, name);
    this.#spawn('etcd', join(etcd, 'server'), {
      'data-dir': file('etcd'),
      'listen-client-urls': `http://127.0.0.1:${clients}`,
      'advertise-client-urls': `http://127.0.0.1:${clients}`,
      'listen-peer-urls': `http://127.0.0.1:${peers}`,
      'initial-advertise-peer-urls': `http://127.0.0.1:${peers}`,
      'initial-cluster': `default=http://127.0.0.1:${peers}`,
      'quota-backend-bytes': 8_000_000_000,
      // The disk of this machine is not what is measured.
      'unsafe-no-fsync': true,
    });
    this.#spawn('kube-apiserver', join(kubernetes, 'kube-apiserver'), {
      'etcd-servers': `http://127.0.0.1:${clients}`,
      'bind-address': '127.0.0.1',
      'secure-port': port,
      'tls-cert-file': file('server.crt'),
      'tls-private-key-file': file('server.key'),
      'token-auth-file': file('tokens.csv'),
      'authorization-mode': 'RBAC',
      'service-account-issuer': this.#server,
      'service-account-key-file': file('accounts.pub'),
      'service-account-signing-key-file': file('accounts.key'),
      'service-cluster-ip-range': '10.96.0.0/16',
      'endpoint-reconciler-type': 'none',
      'allow-privileged': true,
      // There is no controller that makes accounts' tokens.
      'disable-admission-plugins': 'ServiceAccount',
      'audit-policy-file': file('audit-policy.json'),
      'audit-log-path': this.auditLog,
    });
    const { client } = this.store();
    await eventually('the API server is ready', async () => {
      await client.json({ method: 'GET', path: '/api/v1/namespaces/default' });
      return true;
    });
    await this.#install(join(kubernetes, 'kubectl'));
  }

  async #writeFiles(): Promise<void> {
    const authority = await TestAuthority.create('bench');
    const { key, certificate } = await authority.issueServer('127.0.0.1');
    this.#ca = authority.authority.certificate;
    const accounts = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const tokens = [admin, operator].map(({ name, token, groups }) => `${token},${name},${name},"${groups.join(',')}"`);
    const files: Record<string, string> = {
      'server.key': key,
      'server.crt': certificate,
      'accounts.key': accounts.privateKey.export({ format: 'pem', type: 'sec1' }).toString(),
      'accounts.pub': accounts.publicKey.export({ format: 'pem', type: 'spki' }).toString(),
      'tokens.csv': `${tokens.join('\n')}\n`,
      'audit-policy.json': JSON.stringify(auditPolicy),
      'operator.kubeconfig': this.#kubeconfigOf(operator),
      'admin.kubeconfig': this.#kubeconfigOf(admin),
    };
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(this.directory, name), text, { mode: 0o600 });
    }
  }

  #kubeconfigOf({ token }: User): string {
    const ca = Buffer.from(this.#ca).toString('base64');
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'bench',
      clusters: [{ name: 'bench', cluster: { server: this.#server, 'certificate-authority-data': ca } }],
      users: [{ name: 'bench', user: { token } }],
      contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
    });
  }

  async #install(kubectl: string): Promise<void> {
    const networkFile = join(this.directory, 'networks.json');
    await writeFile(networkFile, JSON.stringify(networkAttachmentDefinition));
    const apply = [kubectl, '--kubeconfig', join(this.directory, 'admin.kubeconfig'), 'apply', '--server-side'];
    await run([...apply, '-f', networkFile]);
    await run([...apply, '-k', join(repositoryRoot, 'config/default')]);
  }

  #spawn(name: string, program: string, flags: Record<string, string | number | boolean>): void {
    const log = createWriteStream(join(this.directory, `${name}.log`));
    const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
    // Ends with this process, however that ends.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], {
      cwd: this.directory,
      // They have the memory, and collect with as much of the processors as they answer with.
      env: { ...process.env, GOGC: '400' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.pipe(log);
    child.stderr.pipe(log);
    this.#processes.push(child);
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
