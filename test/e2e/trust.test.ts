/** Who vouches for host and DPU, in one cluster: the commands of docs/trust.md, with traffic beside. */
import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { documentCommands } from '../support/documents/readme.ts';
import { eventually } from '../support/eventually.ts';
import { AdminShell } from '../support/on-clusters/admin-shell.ts';
import { namespace, type OperatorFixture } from '../support/on-clusters/operator.ts';
import { trafficGap } from '../support/on-clusters/outages.ts';
import { deletePods, examplePods, startExamplePods, untilPings } from '../support/on-clusters/pods.ts';
import { bothSides, type Side } from '../support/on-clusters/sides.ts';
import { installationId, untilChannelIs } from '../support/on-clusters/trust.ts';
import { operatorIsOn } from './fixture.ts';

let fixture: OperatorFixture;
let shell: AdminShell;
let address: string;

beforeAll(async () => {
  fixture = await operatorIsOn();
  shell = await AdminShell.open(fixture);
  await deletePods(fixture.kubectl, examplePods);
  address = await startExamplePods(fixture.kubectl);
});
afterAll(async () => {
  await deletePods(fixture.kubectl, examplePods);
  await shell.close();
});

const commands = (heading: string) => documentCommands('docs/trust.md', heading);

async function trust(): Promise<{ reason: string; message: string }> {
  const { status } = await fixture.kubectl.json<{
    status: { conditions: { type: string; reason: string; message: string }[] };
  }>(['get', 'dpuoperatorconfig', 'dpu-operator-config']);
  return status.conditions.find(({ type }) => type === 'Trust') ?? { reason: '', message: '' };
}

function untilTrust(reason: string, words: string): Promise<{ message: string }> {
  return eventually(
    `Trust says ${reason}: ${words}`,
    trust,
    (condition) => condition.reason === reason && condition.message.includes(words),
  );
}

/** When the certificate of a side ends: another time for another certificate. */
async function certificateEnd({ kubectl, dpu }: Side): Promise<string> {
  return await kubectl.run(['get', 'dpu', dpu, '-o', 'jsonpath={.status.channel.notAfter}']);
}

/** Revokes the certificates of a node, and waits until it speaks with another one. */
async function revokeAndAwaitNext(side: Side, role: 'host' | 'dpu'): Promise<void> {
  const [command = ''] = await commands('Revoke');
  expect(command).toContain('host/<node>');
  const before = await certificateEnd(side);
  const said = await shell.run(command.replace('host/<node>', `${role}/${side.node}`));
  expect(said).toContain(`/${role}/${side.node} from before`);
  await eventually(`${side.dpu} has another certificate than until ${before}`, async () => {
    const now = await certificateEnd(side);
    return now !== '' && now !== before ? now : undefined;
  });
  for (const each of bothSides(fixture)) await untilChannelIs(each, 'MutualTLS');
}

/** The certificate that a node was given last. */
async function lastCertificate({ kubectl, node, dpu }: Side): Promise<X509Certificate> {
  type Request = { metadata: { creationTimestamp: string }; status: { certificate?: string } };
  const { items } = await kubectl.json<{ items: Request[] }>(['get', 'csr']);
  // By when it was asked for: authorities date their certificates back by different times.
  const certificates = items
    .sort((a, b) => Date.parse(b.metadata.creationTimestamp) - Date.parse(a.metadata.creationTimestamp))
    .flatMap(({ status }) =>
      status.certificate ? [new X509Certificate(Buffer.from(status.certificate, 'base64'))] : [],
    );
  const last = certificates.find(({ subjectAltName }) => subjectAltName?.endsWith(`/${node}/${dpu}`));
  if (!last) throw new Error(`node ${node} has no certificate`);
  return last;
}

it('host and DPU speak mutual TLS, and dpuctl in the operator says who they are', async () => {
  for (const side of bothSides(fixture)) await untilChannelIs(side, 'MutualTLS');
  const installation = await installationId(fixture.hostSide);
  const [inOperator = ''] = await commands('dpuctl');
  const [list = '', ...others] = await commands('See who is trusted');
  for (const command of [inOperator, list]) {
    const said = await shell.run(command);
    expect(said).toContain(`installation ${installation} (this cluster)`);
    expect(said).toContain(`identity spiffe://${installation}/host/${fixture.host}/${fixture.hostDpu}, until 20`);
    expect(said).toContain(`peer spiffe://${installation}/dpu/${fixture.dpu}/${fixture.dpuDpu}`);
  }
  const [channels = '', condition = ''] = others;
  expect(await shell.run(channels)).toMatch(new RegExp(`${fixture.hostDpu} +MutualTLS`));
  expect(await shell.run(condition)).toContain('Secret dpu-channel-ca signs');
});

it('whoever is no daemon gets no certificate', async () => {
  const script = [
    `openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj / -keyout key -out request \\`,
    `  -addext 'subjectAltName=URI:spiffe://${await installationId(fixture.hostSide)}/host/${fixture.host}/${fixture.hostDpu}'`,
    'kubectl create -f - <<END',
    'apiVersion: certificates.k8s.io/v1',
    'kind: CertificateSigningRequest',
    'metadata: { name: intruder }',
    'spec:',
    '  signerName: dpu.config.openshift.io/channel',
    '  usages: [digital signature, client auth]',
    '  request: $(base64 -w0 request)',
    'END',
  ];
  await shell.run(script.join('\n'));
  await fixture.kubectl.wait('condition=Denied', ['csr/intruder']);
  const reason = await fixture.kubectl.run(['get', 'csr', 'intruder', '-o', 'jsonpath={.status.conditions[0].reason}']);
  expect(reason).toBe('NotADaemon');
  await fixture.kubectl.run(['delete', 'csr', 'intruder']);
});

it('traffic does not notice that the authority is exchanged and the certificates of both sides are revoked', async () => {
  const [rotate = '', , activate = ''] = (await commands('Exchange an authority')).map((command) =>
    command.replace('--context host ', ''),
  );
  expect([rotate, activate]).toEqual(['dpuctl trust rotate', 'dpuctl trust rotate --activate']);
  const before = await lastCertificate(fixture.hostSide);
  const gapMs = await trafficGap(fixture, { pod: 'my-pod', address }, async () => {
    await shell.run(rotate);
    await untilTrust('Issuing', 'the next authority is published');
    expect(await shell.run(activate)).toContain('the former counts until');
    await revokeAndAwaitNext(fixture.hostSide, 'host');
    await revokeAndAwaitNext(fixture.dpuSide, 'dpu');
  });
  console.log(`longest time without an answer to 10 pings a second: ${gapMs} ms`);
  expect((await lastCertificate(fixture.hostSide)).issuer).not.toBe(before.issuer);
  await untilTrust('Issuing', '1 former ones count until');
  // Attachments are made over the channel as it is now.
  await deletePods(fixture.kubectl, examplePods);
  address = await startExamplePods(fixture.kubectl);
  await untilPings(fixture.kubectl, 'my-pod', address);
});

it('an authority whose key others may know goes at once, and daemons get certificates of the next', async () => {
  const before = await lastCertificate(fixture.hostSide);
  for (const command of await commands("When others may know an authority's key")) await shell.run(command);
  await eventually('the host has a certificate of the next authority', async () => {
    const { issuer } = await lastCertificate(fixture.hostSide);
    return issuer === before.issuer ? undefined : issuer;
  });
  for (const side of bothSides(fixture)) await untilChannelIs(side, 'MutualTLS');
  await untilPings(fixture.kubectl, 'my-pod', address);
});

it('a node that there is not is not revoked', async () => {
  const { exitCode, stderr } = await shell.try('dpuctl trust revoke host/nowhere');
  expect(exitCode).not.toBe(0);
  expect(stderr).toContain('no DataProcessingUnit is spiffe://');
});

it("somebody else's authority signs, a broken Secret is told, and the way back is open", async () => {
  for (const command of await commands('Your own authority').then((all) => all.slice(0, 3))) await shell.run(command);
  await untilTrust('Issuing', 'Secret our-channel-ca signs');
  await revokeAndAwaitNext(fixture.hostSide, 'host');
  expect((await lastCertificate(fixture.hostSide)).issuer).toBe('CN=our DPU channel');

  await shell.run('openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out other.key');
  const key = (await shell.run('base64 -w0 other.key')).trim();
  const patch = JSON.stringify({ data: { 'tls.key': key } });
  await fixture.kubectl.run(['patch', 'secret', '-n', namespace, 'our-channel-ca', '--type=merge', '-p', patch]);
  // Secrets are not watched; another certificate has it looked at.
  const [revoke = ''] = await commands('Revoke');
  await shell.run(revoke.replace('<node>', fixture.host));
  await untilTrust('AuthorityBroken', 'tls.key: does not belong to tls.crt; meanwhile the former authority signs');
  for (const side of bothSides(fixture)) await untilChannelIs(side, 'MutualTLS');

  const back = (await commands('Your own authority')).at(-1) ?? '';
  await shell.run(back);
  await untilTrust('Issuing', 'Secret dpu-channel-ca signs');
  await fixture.kubectl.run(['delete', 'secret', '-n', namespace, 'our-channel-ca']);
  await untilPings(fixture.kubectl, 'my-pod', address);
});

it('an authority that is missing is not replaced, and one that is put back signs again', async () => {
  const path = ['secret', '-n', namespace, 'dpu-channel-ca'];
  const { type, data } = await fixture.kubectl.json<{ type: string; data: object }>(['get', ...path]);
  await fixture.kubectl.run(['delete', ...path]);
  const [revoke = ''] = await commands('Revoke');
  await shell.run(revoke.replace('<node>', fixture.host));
  await untilTrust('AuthorityMissing', 'put it back, or delete ConfigMap dpu-channel-trust');
  expect((await fixture.kubectl.try(['get', ...path])).exitCode).not.toBe(0);
  const metadata = { name: 'dpu-channel-ca', namespace };
  await fixture.kubectl.apply({ apiVersion: 'v1', kind: 'Secret', type, metadata, data });
  await revokeAndAwaitNext(fixture.hostSide, 'host');
  await untilTrust('Issuing', 'Secret dpu-channel-ca signs');
  await untilPings(fixture.kubectl, 'my-pod', address);
});
