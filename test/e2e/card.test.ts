/**
 * A card's plugin from a registry, on a cluster whose nodes have no such card: daemon and plugin read it from a tree of
 * files, links stand in for its netdevs. The card is the one that CARD names, or the first.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { cardNetworkSteps } from '../steps/card-network.ts';
import { mainJobSteps } from '../steps/main-job.ts';
import { chosenCard } from '../support/cards/cards.ts';
import { StandInCard, sysfsDirectory } from '../support/cards/stand-in-card.ts';
import { argumentsOf, documentCommands } from '../support/documents/readme.ts';
import { addresses, ExternalClient } from '../support/network/external.ts';
import { dpusReady, namespace, type OperatorFixture, start, turnOff } from '../support/on-clusters/operator.ts';
import { onNode } from '../support/on-clusters/outages.ts';
import { conditionIs, gateway, takePluginsFrom } from '../support/on-clusters/plugins.ts';
import { dpusOn, type Sides } from '../support/on-clusters/sides.ts';
import { type PackageJson, type Registry, startRegistry } from '../support/registries/registry.ts';
import { operatorIsOff } from './fixture.ts';

const card = chosenCard();
const plugin = 'card';
const softwareDpu = 'dpu.config.openshift.io/software-dpu-';
const roles = ['host', 'dpu'] as const;
/** Of what the plugin reads. */
const secret = 'card';

let fixture: OperatorFixture;
let sides: Sides;
let registry: Registry;
let published: PackageJson;
let standIn: StandInCard;
let external: ExternalClient;

const setSysfs = async (value: string) => {
  const deployment = 'deployment/dpu-operator-controller-manager';
  await fixture.kubectl.run(['set', 'env', '-n', namespace, deployment, value]);
  await fixture.kubectl.run(['rollout', 'status', '-n', namespace, deployment, '--timeout=180s']);
};

const configOf = (role: 'host' | 'dpu', node: string) => ({
  apiVersion: 'config.openshift.io/v1',
  kind: 'DataProcessingUnitConfig',
  metadata: { name: `card-${role}`, namespace },
  spec: {
    dpuSelector: { matchLabels: { 'dpu.config.openshift.io/node': node } },
    ...(role === 'host' && { numVfs: card.wires.length - 1 }),
    ...(role === 'dpu' && standIn.secret && { secret: { name: secret } }),
    settings: standIn.settings[role],
  },
});

beforeAll(async () => {
  fixture = await operatorIsOff();
  sides = fixture;
  const here = await gateway(fixture);
  registry = await startRegistry({ listen: '0.0.0.0', host: here });
  standIn = new StandInCard(card, fixture, here);
  external = new ExternalClient(fixture.cluster, fixture.dpu, card.uplink);
  await Promise.all([
    registry.publish('packages/sdk').then(async () => {
      published = await registry.publish(card.directory);
    }),
    standIn.plugIn().then(() => external.create()),
  ]);
  await setSysfs(`DPU_SYSFS=${sysfsDirectory}`);
  for (const node of [fixture.host, fixture.dpu]) await fixture.kubectl.run(['label', 'node', node, softwareDpu]);
  await fixture.kubectl.run(['delete', 'dpuconfig', '-n', namespace, '--all']);
  const vendorPlugin = {
    apiVersion: 'config.openshift.io/v1',
    kind: 'VendorPlugin',
    metadata: { name: plugin },
    spec: { package: published.name, version: published.version },
  };
  const credentials = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: secret, namespace },
    stringData: standIn.secret,
  };
  const objects = [vendorPlugin, credentials, ...roles.map((role) => configOf(role, fixture[role]))];
  await fixture.kubectl.run(['apply', '-f', '-'], objects.map((one) => stringify(one)).join('---\n'));
});
afterAll(async () => {
  await turnOff(fixture);
  await fixture.kubectl.run(['delete', 'vendorplugin', plugin, '--ignore-not-found']);
  await fixture.kubectl.run(['delete', 'dpuconfig', '-n', namespace, '--all']);
  await fixture.kubectl.run(['delete', 'secret', '-n', namespace, secret, '--ignore-not-found']);
  await setSysfs('DPU_SYSFS-');
  await external.delete();
  await standIn.unplug();
  await registry.stop();
});

describe(card.product, () => {
  it('is found on both nodes, and the operator says that the cards are not real', async () => {
    await start(fixture);
    await takePluginsFrom(fixture, registry);
    await conditionIs(fixture, `vplugin/${plugin}`, 'Ready', 'status', 'True');
    sides = await dpusOn(fixture, card.product);
    await dpusReady(sides);
    const config = [
      'get',
      'dpuoperatorconfig',
      'dpu-operator-config',
      '-o',
      'jsonpath={.status.conditions[*].message}',
    ];
    expect(await fixture.kubectl.run(config)).toContain(`cards are read from ${sysfsDirectory}`);
  });

  it('shows its state by the commands of its guide', async () => {
    const guide = `docs/cards/${card.directory.replace('packages/vsp-', '')}.md`;
    const commands = await documentCommands(guide, 'How to see its state');
    expect(commands).not.toEqual([]);
    for (const command of commands.map((text) => text.replace('<dpu>', sides.dpuSide.dpu))) {
      if (command.startsWith('kubectl ')) await fixture.kubectl.run(argumentsOf('kubectl', command));
      else await onNode(sides.hostSide, sides.hostSide.node, command);
    }
  });

  mainJobSteps({
    ends: () => sides,
    learnt: () => fixture.kubectl.exec(`vsp-${sides.dpuSide.dpu}`, namespace, card.learnt),
    outside: {
      functionAddress: `${addresses.functionOutside}/24`,
      address: addresses.external,
      network: addresses.outsideNetwork,
      // It hangs on the uplink from the start, as a cable does.
      connect: async () => {},
      disconnect: async () => {},
    },
  });
});

describe(`a DpuNetwork on ${card.product}`, () => {
  cardNetworkSteps({
    ends: () => sides,
    vlanOf: async (vf) => {
      const [, netdev = ''] = card.wires[vf + 1] ?? [];
      const command = card.vlanOf?.(netdev);
      return command && Number(await fixture.kubectl.exec(`vsp-${sides.dpuSide.dpu}`, namespace, command));
    },
  });
});
