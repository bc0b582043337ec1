/**
 * Reviews that the injector answers: a pod that names two networks, by 8 connections that stay open, and by a bare
 * node:https server that parses the same review, in turns. `node --conditions=source test/bench/injector.ts [reviews]`
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect, type TLSSocket } from 'node:tls';
import { TestAuthority } from '@dpu-operator/core/trust/testing';
import { eventually } from '../support/eventually.ts';
import { quantile } from './quantile.ts';

const connections = 8;
/** Microseconds of a tick of proc(5): USER_HZ is 100 on every architecture that Kubernetes runs on. */
const tickUs = 10_000;
const [mode = '', directory = ''] = process.argv.slice(2);

/** What any webhook in Node costs. */
async function serveBare(certificates: string): Promise<void> {
  const read = (name: string) => readFileSync(join(certificates, name));
  const server = createSecureServer({ key: read('tls.key'), cert: read('tls.crt') }, async (message, response) => {
    const { uid } = JSON.parse(await text(message)).request;
    const answer = JSON.stringify({ kind: 'AdmissionReview', response: { uid, allowed: true } });
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': answer.length }).end(answer);
  });
  server.listen(Number(process.env.WEBHOOK_PORT), '127.0.0.1');
  await once(server, 'listening');
}

interface Contender {
  name: string;
  callers: Caller[];
  child: ChildProcess;
  times: number[];
  /** Milliseconds in which its reviews were answered. */
  spent: number;
  /** Microseconds of CPU that it took for them. */
  cpu: number;
}

async function measure(reviews: number): Promise<void> {
  const certificates = mkdtempSync(join(tmpdir(), 'injector-bench-'));
  const authority = await TestAuthority.create('bench');
  const { key, certificate } = await authority.issueServer('127.0.0.1');
  writeFileSync(join(certificates, 'tls.key'), key);
  writeFileSync(join(certificates, 'tls.crt'), certificate);
  const api = await serveApi();
  const kubeconfig = join(certificates, 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigFor((api.address() as AddressInfo).port));
  const ca = authority.authority.certificate;
  const children: ChildProcess[] = [];
  const start = async (name: string, args: readonly string[]): Promise<Contender> => {
    const [port, healthPort] = [await freePort(), await freePort()];
    const env = {
      ...process.env,
      KUBECONFIG: kubeconfig,
      WEBHOOK_PORT: String(port),
      HEALTH_PORT: String(healthPort),
      CERTIFICATE_DIRECTORY: certificates,
      LOG_LEVEL: 'warn',
    };
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'inherit', 'inherit'] });
    children.push(child);
    const open = () => Promise.all(Array.from({ length: connections }, () => Caller.open(port, ca)));
    const callers = await eventually(`${name} answers`, open);
    return { name, callers, child, times: [], spent: 0, cpu: 0 };
  };
  const bundle = join(import.meta.dirname, '../../packages/core/dist/bundle/injector.mjs');
  try {
    const contenders = [
      await start('injector', [bundle]),
      await start('bare node:https', [import.meta.filename, 'bare', certificates]),
    ];
    const turn = Math.ceil(reviews / 10);
    // The first turns are for compilers.
    for (let round = -2; round < 10; round += 1) {
      for (const contender of contenders) await take(contender, turn, round >= 0);
    }
    for (const { name, child, times, spent, cpu, callers } of contenders) {
      for (const caller of callers) caller.close();
      const resident = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
      const [median, p99] = [quantile(times, 0.5), quantile(times, 0.99)].map((ms) => ms.toFixed(2));
      console.log(
        `${name}: ${Math.round((times.length / spent) * 1000)} reviews/s by ${connections} connections, ` +
          `median ${median} ms, p99 ${p99} ms, ${Math.round(cpu / times.length)} µs of CPU each, ${Math.round(Number(resident) / 1024)} MiB`,
      );
    }
    console.log(`load ${loadavg()[0]?.toFixed(2)}; the callers run on the same cores`);
  } finally {
    for (const child of children) child.kill();
    api.closeAllConnections();
    api.close();
    rmSync(certificates, { recursive: true });
  }
}

async function take(contender: Contender, count: number, counts: boolean): Promise<void> {
  let left = count;
  const begin = performance.now();
  const cpuBefore = cpuOf(contender.child.pid);
  const callAll = async (caller: Caller) => {
    while (left > 0) {
      left -= 1;
      const start = performance.now();
      await caller.review();
      if (counts) contender.times.push(performance.now() - start);
    }
  };
  await Promise.all(contender.callers.map(callAll));
  if (!counts) return;
  contender.spent += performance.now() - begin;
  contender.cpu += cpuOf(contender.child.pid) - cpuBefore;
}

/** As the API server asks: a pod with its defaults. */
const asked = JSON.stringify({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    operation: 'CREATE',
    namespace: 'default',
    object: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'my-pod', annotations: { 'k8s.v1.cni.cncf.io/networks': 'net, net@dpu1' } },
      spec: {
        containers: [
          {
            name: 'app',
            image: 'app',
            resources: {},
            volumeMounts: [
              { name: 'token', readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
            ],
            terminationMessagePath: '/dev/termination-log',
            imagePullPolicy: 'IfNotPresent',
          },
        ],
        volumes: [{ name: 'token', projected: { defaultMode: 420, sources: [] } }],
        restartPolicy: 'Always',
        tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' }],
      },
    },
  },
});

/** One connection that stays open. Not node:https, which takes as much of the cores as what is measured. */
class Caller {
  readonly #socket: TLSSocket;
  readonly #message: string;
  #answer = '';
  #waits: ((answer: string) => void) | undefined;

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    const head = ['POST /mutate HTTP/1.1', 'Host: injector', 'Content-Type: application/json'];
    this.#message = [...head, `Content-Length: ${asked.length}`, '', asked].join('\r\n');
    socket.setEncoding('latin1').on('data', (part: string) => {
      this.#answer += part;
      const [head = '', body] = this.#answer.split('\r\n\r\n');
      const length = Number(/Content-Length: (\d+)/i.exec(head)?.[1]);
      if (body !== undefined && body.length >= length) this.#waits?.(body);
    });
  }

  static async open(port: number, ca: string): Promise<Caller> {
    const socket = connect({ host: '127.0.0.1', port, ca });
    await once(socket, 'secureConnect');
    return new Caller(socket);
  }

  async review(): Promise<void> {
    this.#answer = '';
    const answered = new Promise<string>((resolve) => {
      this.#waits = resolve;
    });
    this.#socket.write(this.#message);
    const answer = await answered;
    if (!answer.includes('"allowed":true')) throw new Error(answer);
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Microseconds of CPU that a process has used. */
function cpuOf(pid: number | undefined): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickUs;
}

/** What the injector reads of an API server: one network, and that its kind is there. */
async function serveApi() {
  const version = { resourceVersion: '1' };
  const network = {
    metadata: {
      name: 'net',
      namespace: 'default',
      annotations: { 'k8s.v1.cni.cncf.io/resourceName': 'openshift.io/dpu' },
    },
  };
  const crd = {
    metadata: { name: 'network-attachment-definitions.k8s.cni.cncf.io' },
    status: { conditions: [{ type: 'Established', status: 'True' }] },
  };
  const itemsOf = (path: string): object[] => {
    if (path.endsWith('/customresourcedefinitions')) return [crd];
    return path.endsWith('/network-attachment-definitions') ? [network] : [];
  };
  const server = createServer((message, response) => {
    const { pathname, searchParams } = new URL(message.url ?? '', 'http://api');
    response.setHeader('Content-Type', 'application/json');
    // As a server without WatchList. Another watch stays open and says nothing.
    if (searchParams.has('sendInitialEvents')) {
      response.statusCode = 422;
      response.end('{"kind":"Status","code":422,"reason":"Invalid"}');
    } else if (searchParams.has('watch')) response.flushHeaders();
    else response.end(JSON.stringify({ metadata: version, items: itemsOf(pathname) }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function kubeconfigFor(port: number): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'bench', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'bench', user: {} }],
    contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
    'current-context': 'bench',
  });
}

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

if (mode === 'bare') await serveBare(directory);
else await measure(Number(mode || 20_000));
