/** What tokens of this project's processes can do on a real API server: real ones, asked for as their pods get theirs. */
import { beforeAll, describe, expect, it } from 'vitest';
import { argumentsOf, documentCommands } from '../support/documents/readme.ts';
import { namespace, type OperatorFixture } from '../support/on-clusters/operator.ts';
import { certificateRequest } from '../support/rights/certificate-request.ts';
import { type DaemonPlace, daemonTries, daemonWork, nodelessTries } from '../support/rights/daemon-tries.ts';
import { oddChainPod, operatorTries, operatorWork } from '../support/rights/operator-tries.ts';
import { type Answer, type TokenClient, type Try, tokenClient } from '../support/rights/token-client.ts';
import { operatorIsOn } from './fixture.ts';

let fixture: OperatorFixture;
let daemonPod: string;
let place: DaemonPlace;
let daemon: TokenClient;
let operator: TokenClient;

beforeAll(async () => {
  fixture = await operatorIsOn();
  const { host, dpu, hostDpu, dpuDpu } = fixture;
  daemonPod = await podOf('dpu-daemon', host);
  daemon = await tokenClient(fixture.kubectl, await tokenOf('dpu-daemon', daemonPod), 'dpu-daemon');
  const operatorPod = await leader();
  operator = await tokenClient(
    fixture.kubectl,
    await tokenOf('dpu-operator-controller-manager', operatorPod),
    'dpu-operator',
  );
  place = {
    node: host,
    dpu: hostDpu,
    otherNode: dpu,
    otherDpu: dpuDpu,
    vspPod: `vsp-${hostDpu}`,
    request: certificateRequest,
  };
});

async function podOf(app: string, node?: string): Promise<string> {
  const onNode = node ? ['--field-selector', `spec.nodeName=${node}`] : [];
  const names = await fixture.kubectl.run([
    'get',
    'pods',
    '-n',
    namespace,
    '-l',
    `app=${app}`,
    ...onNode,
    '-o',
    'name',
  ]);
  return names.trim().replace('pod/', '');
}

/** The pod of the operator that works; the other follows. */
async function leader(): Promise<string> {
  const lease = ['get', 'lease', '-n', namespace, 'dpu-operator-controller-manager'];
  return (await fixture.kubectl.run([...lease, '-o', 'jsonpath={.spec.holderIdentity}'])).trim();
}

/** As the kubelet asks for it: bound to the pod, so that it names the pod's node. */
async function tokenOf(account: string, pod: string): Promise<string> {
  const bound = ['--bound-object-kind', 'Pod', '--bound-object-name', pod];
  return (await fixture.kubectl.run(['create', 'token', account, '-n', namespace, ...bound])).trim();
}

async function sendAll(client: TokenClient, tries: readonly Try[]): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const one of tries) answers.push(await client.send(one));
  return answers;
}

const table = (answers: readonly Answer[]) =>
  answers.map(({ what, code, message }) => `${code} ${what}: ${message}`).join('\n');

describe("a daemon's token", () => {
  it("does the daemon's work", async () => {
    const answers = await sendAll(daemon, daemonWork(place));
    const refused = answers.filter(({ code }) => code >= 300);
    expect(table(refused)).toBe('');
  });

  it('does nothing else', async () => {
    const answers = await sendAll(daemon, daemonTries(place));
    const through = answers.filter(({ code }) => code !== 403);
    console.log(`a daemon's token: ${answers.length} tried, ${through.length} not refused\n${table(answers)}`);
    expect(answers.length).toBeGreaterThanOrEqual(60);
    expect(table(through)).toBe('');
  });

  it('does nothing where it names no node', async () => {
    const token = (await fixture.kubectl.run(['create', 'token', 'dpu-daemon', '-n', namespace])).trim();
    const client = await tokenClient(fixture.kubectl, token, 'dpu-daemon');
    const isWrite = ({ method }: Try) => method !== 'GET';
    const answers = await sendAll(client, [...daemonWork(place).filter(isWrite), ...nodelessTries()]);
    expect(table(answers.filter(({ code }) => code !== 403))).toBe('');
  });
});

describe("the operator's token", () => {
  it("does the operator's work", async () => {
    const { kubectl } = fixture;
    const odd = 'rights-odd';
    await kubectl.apply(oddChainPod(odd));
    try {
      const answers = await sendAll(operator, operatorWork(odd));
      expect(table(answers.filter(({ code }) => code >= 300))).toBe('');
    } finally {
      await kubectl.run(['delete', 'pod', odd, '-n', namespace, '--ignore-not-found']);
    }
  });

  it('does nothing else', async () => {
    const { node, otherNode, dpu } = place;
    const answers = await sendAll(operator, operatorTries({ node, otherNode, dpu, daemonPod }));
    const through = answers.filter(({ code }) => code !== 403);
    console.log(`the operator's token: ${answers.length} tried, ${through.length} not refused\n${table(answers)}`);
    expect(answers.length).toBeGreaterThanOrEqual(24);
    expect(table(through)).toBe('');
  });
});

describe('the policies', () => {
  it('are ones that the API server understands to the last expression', async () => {
    interface Policy {
      metadata: { name: string };
      status?: {
        observedGeneration?: number;
        typeChecking?: { expressionWarnings?: { fieldRef: string; warning: string }[] };
      };
    }
    const selector = ['get', 'validatingadmissionpolicies'];
    await expect
      .poll(async () => {
        const { items } = await fixture.kubectl.json<{ items: Policy[] }>(selector);
        const ours = items.filter(({ metadata }) => metadata.name.startsWith('dpu-'));
        return ours.flatMap(({ metadata, status }) => {
          if (status?.observedGeneration === undefined) return [`${metadata.name} has not been looked at`];
          return (status.typeChecking?.expressionWarnings ?? []).map(
            (one) => `${metadata.name} ${one.fieldRef} ${one.warning}`,
          );
        });
      })
      .toEqual([]);
  });

  /** A namespace that was just allowed is known to admission a moment later; in one that ends nothing can be made. */
  const passing = ['dpu-operator-chain-pods', 'dpu-operator-chain-networks', 'being terminated'];

  it('have refused nothing that daemons and operator did so far', async () => {
    for (const app of ['dpu-daemon', 'dpu-operator-controller-manager']) {
      const log = await fixture.kubectl.run(['logs', '-n', namespace, '-l', `app=${app}`, '--tail=-1']);
      const refused = log.split('\n').filter((line) => line.includes('forbidden'));
      expect(refused.filter((line) => !passing.some((words) => line.includes(words)))).toEqual([]);
    }
  });

  it('let everybody else work as before', async () => {
    const { kubectl, hostDpu } = fixture;
    const label = 'example.com/tried';
    await kubectl.run(['label', 'dpu', hostDpu, `${label}=yes`, '--dry-run=server']);
    await kubectl.run(['label', 'node', fixture.host, `${label}=yes`, '--dry-run=server']);
  });
});

describe('metrics', () => {
  it('of operator and daemon are for those who may read them', async () => {
    const reader = 'rights-reader';
    const { kubectl } = fixture;
    const binding = ['clusterrolebinding', reader];
    await kubectl.run(['create', 'serviceaccount', reader, '-n', 'default']);
    // Answers are remembered for a minute: of another token it is asked anew.
    const newToken = async () => (await kubectl.run(['create', 'token', reader, '-n', 'default'])).trim();
    const answer = async (address: string, port: number) => await scrape(address, port, await newToken());
    try {
      const operatorIp = await ipOf(await leader());
      const daemonIp = await ipOf(await podOf('dpu-daemon', fixture.host));
      await expect.poll(() => answer(daemonIp, 50_153)).toContain('403');
      await expect.poll(() => scrape(daemonIp, 50_153, 'none')).toContain('401');
      const [documented = ''] = await documentCommands('docs/metrics.md', 'Who may read');
      const command = documented
        .replace(' dpu-metrics ', ` ${reader} `)
        .replace('monitoring:prometheus', `default:${reader}`);
      expect(command.split(reader)).toHaveLength(3);
      await kubectl.run(argumentsOf('kubectl', command));
      await expect.poll(() => answer(daemonIp, 50_153)).toContain('dpu_operator_queue_depth');
      await expect.poll(() => answer(operatorIp, 10_443)).toContain('dpu_operator_queue_depth');
    } finally {
      await kubectl.run(['delete', 'serviceaccount', reader, '-n', 'default', '--ignore-not-found']);
      await kubectl.run(['delete', ...binding, '--ignore-not-found']);
    }
  });
});

async function ipOf(pod: string): Promise<string> {
  return (await fixture.kubectl.run(['get', 'pod', '-n', namespace, pod, '-o', 'jsonpath={.status.podIP}'])).trim();
}

/** From a node: pods' addresses are not reached from outside the cluster. @returns status, then the body. */
async function scrape(address: string, port: number, token: string): Promise<string> {
  const curl = ['curl', '-sk', '-w', '%{http_code}', '-H', `Authorization: Bearer ${token}`];
  const { stdout, stderr } = await fixture.cluster.exec(fixture.host, [...curl, `https://${address}:${port}/metrics`]);
  return `${stdout}${stderr}`;
}
