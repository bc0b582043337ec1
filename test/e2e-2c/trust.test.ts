/** Trust between a host cluster and a DPU cluster, with the commands of docs/trust.md. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TestAuthority } from '@dpu-operator/core/trust/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { documentCommands } from '../support/documents/readme.ts';
import { eventually } from '../support/eventually.ts';
import { AdminShell } from '../support/on-clusters/admin-shell.ts';
import { dpusReady, namespace } from '../support/on-clusters/operator.ts';
import { trafficGap, untilReadyIs } from '../support/on-clusters/outages.ts';
import { deletePods, examplePods, startExamplePods, untilPings } from '../support/on-clusters/pods.ts';
import { bothSides, type Side, type Sides } from '../support/on-clusters/sides.ts';
import { installationId, untilChannelIs } from '../support/on-clusters/trust.ts';
import { operatorsAreOn } from './fixture.ts';

const document = 'docs/trust.md';
let sides: Sides;
let shell: AdminShell;
let address: string;
/** What is documented for the DPU's cluster or the host's, for either. */
let exchange: string[];
let remove: string;

beforeAll(async () => {
  [exchange, remove] = await commandsForTwoClusters();
  sides = await operatorsAreOn();
  shell = await AdminShell.open(sides);
  address = await startExamplePods(sides.hostSide.kubectl);
});
afterAll(async () => {
  await deletePods(sides.hostSide.kubectl, examplePods);
  await shell.close();
});

async function commandsForTwoClusters(): Promise<[string[], string]> {
  const commands = await documentCommands(document, 'Two clusters');
  const removing = commands.find((command) => command.includes('trust remove')) ?? '';
  return [commands.filter((command) => command.includes('trust import')), removing];
}

async function runAll(commands: readonly string[]): Promise<void> {
  for (const command of commands) await shell.run(command);
}

/** The same with the contexts the other way round. */
function turned(command: string): string {
  const other: Record<string, string> = { host: 'dpu', dpu: 'host' };
  return command.replaceAll(/--context (host|dpu)/g, (_, context: string) => `--context ${other[context]}`);
}

const secured = () => Promise.all(bothSides(sides).map((side) => untilChannelIs(side, 'MutualTLS')));
const pingPasses = () => untilPings(sides.hostSide.kubectl, 'my-pod', address);

/** Attachments are made over the channel as it is now. */
async function podsStartAnew(): Promise<void> {
  const { kubectl } = sides.hostSide;
  await deletePods(kubectl, examplePods);
  address = await startExamplePods(kubectl);
  await pingPasses();
}

/** The end of a side's certificate: another for each. */
function notAfter({ kubectl, dpu }: Side): Promise<string> {
  return kubectl.run(['get', 'dpu', dpu, '-o', 'jsonpath={.status.channel.notAfter}']);
}

function untilRenewed(side: Side, last: string): Promise<string> {
  return eventually(
    `${side.dpu} has another certificate`,
    () => notAfter(side),
    (now) => now !== '' && now !== last,
  );
}

describe('clusters that do not trust each other', () => {
  it('say so on both sides, and pods keep what they have', async () => {
    const { hostSide, dpuSide } = sides;
    const [host, dpu] = [await installationId(hostSide), await installationId(dpuSide)];
    await shell.run(remove.replace('<installation>', host));
    await shell.run(turned(remove).replace('<installation>', dpu));
    expect(await untilChannelIs(hostSide, 'PeerOtherInstallation')).toContain(dpu);
    expect(await untilChannelIs(dpuSide, 'PeerOtherInstallation')).toContain(host);
    await untilReadyIs(hostSide, hostSide.dpu, 'False');
    await pingPasses();
  });

  /** The trust of the DPU's cluster, as its admin exports it and somebody changes it on its way. */
  async function changed(data: Record<string, string>): Promise<string> {
    const installation = await installationId(sides.dpuSide);
    const configMap = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: `dpu-channel-trust-${installation}`,
        namespace,
        labels: { 'dpu.config.openshift.io/trusted-installation': installation },
      },
      data: { installation, 'revoked.json': '[]', ...data },
    };
    await writeFile(join(shell.directory, 'changed.yaml'), stringify(configMap));
    return 'changed.yaml';
  }

  const authority = async (installation: string, validity = {}) =>
    (await TestAuthority.create(installation, validity)).authority.certificate;

  it('are told what is wrong with a bundle, by dpuctl at once and by the condition where kubectl took it', async () => {
    const { hostSide, dpuSide } = sides;
    const installation = await installationId(dpuSide);
    const past = Date.now() - 24 * 3_600_000;
    const bundles = [
      ['nothing of a certificate', 'PeerOtherInstallation', 'ca.crt'],
      [await authority(installation, { notBefore: past - 3_600_000, notAfter: past }), 'PeerNotTrusted', 'expired'],
    ] as const;
    for (const [certificates, reason, words] of bundles) {
      const file = await changed({ 'ca.crt': certificates });
      const refused = await shell.try(`dpuctl --context host trust import --file ${file}`);
      expect(refused.exitCode).toBe(2);
      expect(refused.stderr).toContain(words);
      await shell.run(`kubectl --context host apply -f ${file}`);
      await untilChannelIs(hostSide, reason);
      await untilReadyIs(hostSide, hostSide.dpu, 'False');
    }
  });

  it('are refused with an authority that is not the one of that installation', async () => {
    const { hostSide, dpuSide } = sides;
    const file = await changed({ 'ca.crt': await authority(await installationId(dpuSide)) });
    await shell.run(`dpuctl --context host trust import --file ${file}`);
    await untilChannelIs(hostSide, 'PeerNotTrusted');
    await untilReadyIs(hostSide, hostSide.dpu, 'False');
  });

  it('cannot import their own', async () => {
    const own = await shell.try('dpuctl --context host trust export | dpuctl --context host trust import');
    expect(own.exitCode).toBe(2);
    expect(own.stderr).toContain('this very cluster');
  });
});

describe('clusters that trust each other', () => {
  beforeAll(() => runAll(exchange));

  it('are connected, and name each other', async () => {
    const [ofHost, ofDpu] = await secured();
    expect(ofHost).toContain(`spiffe://${await installationId(sides.dpuSide)}/dpu/${sides.dpuSide.node}/`);
    expect(ofDpu).toContain(`spiffe://${await installationId(sides.hostSide)}/host/${sides.hostSide.node}/`);
    await dpusReady(sides);
    await pingPasses();
  });

  it.each(['host', 'dpu'])('exchange the authority of the %s side while pods talk', async (which) => {
    const commands = await documentCommands(document, 'Exchange an authority');
    const [revoke = ''] = await documentCommands(document, 'Revoke');
    const side = which === 'host' ? sides.hostSide : sides.dpuSide;
    const inTheirs = (command: string) => (which === 'host' ? command : turned(command));
    const before = await notAfter(side);
    const gap = await trafficGap(sides.hostSide, { pod: 'my-pod', address }, async () => {
      await runAll(commands.map(inTheirs));
      // So that the daemon does not wait for hours until it asks the new one.
      await shell.run(`${revoke.replace('host/<node>', `${which}/${side.node}`)} --context ${which}`);
      await runAll(exchange);
      await untilRenewed(side, before);
      await secured();
      await dpusReady(sides);
    });
    console.info(`longest gap in traffic while the authority of the ${which} side was exchanged: ${gap} ms`);
    await pingPasses();
    await podsStartAnew();
    expect(await shell.run(`dpuctl --context ${which} trust list`)).toContain(side.dpu);
  });
});
