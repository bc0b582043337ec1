/** Who vouches for host and DPU, in one cluster: the commands of docs/trust.md, with traffic beside. */
import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AdminShell } from '../support/admin-shell.ts';
import { eventually } from '../support/eventually.ts';
import { namespace, type TestBed } from '../support/operator.ts';
import { trafficGap } from '../support/outages.ts';
import { deletePods, examplePods, startExamplePods, untilPings } from '../support/pods.ts';
import { documentCommands } from '../support/readme.ts';
import { bothSides, type Side } from '../support/sides.ts';
import { installationId, untilChannelIs } from '../support/trust.ts';
import { operatorIsOn } from './bed.ts';

let bed: TestBed;
let shell: AdminShell;
let address: string;

beforeAll(async () => {
  bed = await operatorIsOn();
  shell = await AdminShell.open(bed);
  await deletePods(bed.kubectl, examplePods);
  address = await startExamplePods(bed.kubectl);
});
afterAll(async () => {
  await deletePods(bed.kubectl, examplePods);
  await shell.close();
});

const commands = (heading: string) => documentCommands('docs/trust.md', heading);

async function trust(): Promise<{ reason: string; message: string }> {
  const { status } = await bed.kubectl.json<{
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
  for (const each of bothSides(bed)) await untilChannelIs(each, 'MutualTLS');
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
  for (const side of bothSides(bed)) await untilChannelIs(side, 'MutualTLS');
  const installation = await installationId(bed.hostSide);
  const [inOperator = ''] = await commands('dpuctl');
  const [list = '', ...others] = await commands('See who is trusted');
  for (const command of [inOperator, list]) {
    const said = await shell.run(command);
    expect(said).toContain(`installation ${installation} (this cluster)`);
    expect(said).toContain(`identity spiffe://${installation}/host/${bed.host}/${bed.hostDpu}, until 20`);
    expect(said).toContain(`peer spiffe://${installation}/dpu/${bed.dpu}/${bed.dpuDpu}`);
  }
  const [channels = '', condition = ''] = others;
  expect(await shell.run(channels)).toMatch(new RegExp(`${bed.hostDpu} +MutualTLS`));
  expect(await shell.run(condition)).toContain('Secret dpu-channel-ca signs');
});

it('whoever is no daemon gets no certificate', async () => {
  const script = [
    `openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj / -keyout key -out request \\`,
    `  -addext 'subjectAltName=URI:spiffe://${await installationId(bed.hostSide)}/host/${bed.host}/${bed.hostDpu}'`,
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
  await bed.kubectl.wait('condition=Denied', ['csr/intruder']);
  const reason = await bed.kubectl.run(['get', 'csr', 'intruder', '-o', 'jsonpath={.status.conditions[0].reason}']);
  expect(reason).toBe('NotADaemon');
  await bed.kubectl.run(['delete', 'csr', 'intruder']);
});

it('traffic does not notice that the authority is exchanged and the certificates of both sides are revoked', async () => {
  const [rotate = '', , activate = ''] = (await commands('Exchange an authority')).map((command) =>
    command.replace('--context host ', ''),
  );
  expect([rotate, activate]).toEqual(['dpuctl trust rotate', 'dpuctl trust rotate --activate']);
  const before = await lastCertificate(bed.hostSide);
  const gapMs = await trafficGap(bed, { pod: 'my-pod', address }, async () => {
    await shell.run(rotate);
    await untilTrust('Issuing', 'the next authority is published');
    expect(await shell.run(activate)).toContain('the former counts until');
    await revokeAndAwaitNext(bed.hostSide, 'host');
    await revokeAndAwaitNext(bed.dpuSide, 'dpu');
  });
  console.log(`longest time without an answer to 10 pings a second: ${gapMs} ms`);
  expect((await lastCertificate(bed.hostSide)).issuer).not.toBe(before.issuer);
  await untilTrust('Issuing', '1 former ones count until');
  // Attachments are made over the channel as it is now.
  await deletePods(bed.kubectl, examplePods);
  address = await startExamplePods(bed.kubectl);
  await untilPings(bed.kubectl, 'my-pod', address);
});

it('an authority whose key others may know goes at once, and daemons get certificates of the next', async () => {
  const before = await lastCertificate(bed.hostSide);
  for (const command of await commands("When others may know an authority's key")) await shell.run(command);
  await eventually('the host has a certificate of the next authority', async () => {
    const { issuer } = await lastCertificate(bed.hostSide);
    return issuer === before.issuer ? undefined : issuer;
  });
  for (const side of bothSides(bed)) await untilChannelIs(side, 'MutualTLS');
  await untilPings(bed.kubectl, 'my-pod', address);
});

it('a node that there is not is not revoked', async () => {
  const { exitCode, stderr } = await shell.try('dpuctl trust revoke host/nowhere');
  expect(exitCode).not.toBe(0);
  expect(stderr).toContain('no DataProcessingUnit is spiffe://');
});

it("somebody else's authority signs, a broken Secret is told, and the way back is open", async () => {
  for (const command of await commands('Your own authority').then((all) => all.slice(0, 3))) await shell.run(command);
  await untilTrust('Issuing', 'Secret our-channel-ca signs');
  await revokeAndAwaitNext(bed.hostSide, 'host');
  expect((await lastCertificate(bed.hostSide)).issuer).toBe('CN=our DPU channel');

  await shell.run('openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out other.key');
  const key = (await shell.run('base64 -w0 other.key')).trim();
  const patch = JSON.stringify({ data: { 'tls.key': key } });
  await bed.kubectl.run(['patch', 'secret', '-n', namespace, 'our-channel-ca', '--type=merge', '-p', patch]);
  // Secrets are not watched; another certificate has it looked at.
  const [revoke = ''] = await commands('Revoke');
  await shell.run(revoke.replace('<node>', bed.host));
  await untilTrust('AuthorityBroken', 'tls.key: does not belong to tls.crt; meanwhile the former authority signs');
  for (const side of bothSides(bed)) await untilChannelIs(side, 'MutualTLS');

  const back = (await commands('Your own authority')).at(-1) ?? '';
  await shell.run(back);
  await untilTrust('Issuing', 'Secret dpu-channel-ca signs');
  await bed.kubectl.run(['delete', 'secret', '-n', namespace, 'our-channel-ca']);
  await untilPings(bed.kubectl, 'my-pod', address);
});

it('an authority that is missing is not replaced, and one that is put back signs again', async () => {
  const path = ['secret', '-n', namespace, 'dpu-channel-ca'];
  const { type, data } = await bed.kubectl.json<{ type: string; data: object }>(['get', ...path]);
  await bed.kubectl.run(['delete', ...path]);
  const [revoke = ''] = await commands('Revoke');
  await shell.run(revoke.replace('<node>', bed.host));
  await untilTrust('AuthorityMissing', 'put it back, or delete ConfigMap dpu-channel-trust');
  expect((await bed.kubectl.try(['get', ...path])).exitCode).not.toBe(0);
  const metadata = { name: 'dpu-channel-ca', namespace };
  await bed.kubectl.apply({ apiVersion: 'v1', kind: 'Secret', type, metadata, data });
  await revokeAndAwaitNext(bed.hostSide, 'host');
  await untilTrust('Issuing', 'Secret dpu-channel-ca signs');
  await untilPings(bed.kubectl, 'my-pod', address);
});
