/** A vendor's path on a cluster: published to a registry, selected per DPU, rolled, refused where it is broken. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { podAsksSteps } from '../steps/pod-asks.ts';
import { argumentsOf, documentCommands, readmeCommands } from '../support/documents/readme.ts';
import { eventually } from '../support/eventually.ts';
import { dpusReady, namespace, type OperatorFixture } from '../support/on-clusters/operator.ts';
import { onNode } from '../support/on-clusters/outages.ts';
import {
  conditionIs,
  gateway,
  messageOf,
  patchPlugin,
  pluginRuns,
  publishAcme,
  selectPlugin,
  takePluginsFrom,
} from '../support/on-clusters/plugins.ts';
import { deletePods, net1, untilPings } from '../support/on-clusters/pods.ts';
import { type Registry, startRegistry } from '../support/registries/registry.ts';
import { operatorIsOn } from './fixture.ts';

let fixture: OperatorFixture;
let registry: Registry;
const pods = ['my-pod', 'my-pod-2'];

beforeAll(async () => {
  fixture = await operatorIsOn();
  registry = await startRegistry({ listen: '0.0.0.0', host: await gateway(fixture), restricted: ['@acme/private'] });
  await registry.publish('packages/sdk');
  await takePluginsFrom(fixture, registry);
});
afterAll(async () => {
  await deletePods(fixture.kubectl, pods);
  await selectPlugin(fixture, null, { networkFunctionPorts: 4 });
  await fixture.kubectl.run(['delete', 'vendorplugins', '--all', '--timeout=180s']);
  await takePluginsFrom(fixture, undefined);
  await registry.stop();
});

let patch = 1;
/** Newer than all before it. */
const nextVersion = () => `1.2.${patch++}`;

const pingPasses = async () => untilPings(fixture.kubectl, 'my-pod', (await net1(fixture.kubectl, 'my-pod-2')).ip);

describe('a plugin that is published to a registry', () => {
  it('is found by its VendorPlugin, which shows what it asks for', async () => {
    const { kubectl } = fixture;
    await publishAcme(registry, '1.0.0');
    for (const command of await readmeCommands('Choose the plugin of a DPU')) {
      await kubectl.run(argumentsOf('kubectl', command));
    }
    await patchPlugin(fixture, { version: '1.0.0' });
    await conditionIs(fixture, 'vplugin/acme', 'Ready', 'status', 'True');
    const [list = '', details = ''] = await documentCommands('packages/sdk/docs/guides/publishing.md', 'On a cluster');
    expect(await kubectl.run(argumentsOf('kubectl', list))).toContain('@acme/dpu-vsp');
    expect(await kubectl.run(argumentsOf('kubectl', details))).toMatch(/integrity: sha512-/);
    const row = await kubectl.run(['get', 'vplugin', 'acme', '--no-headers']);
    expect(row.split(/ {2,}/)).toEqual(expect.arrayContaining(['acme', '@acme/dpu-vsp', '1.0.0', 'True']));
    const { status } = await kubectl.json<{ status: { asks: object } }>(['get', 'vplugin', 'acme']);
    expect(status.asks).toEqual({
      host: ['capability NET_ADMIN', "the node's network"],
      dpu: ['capability NET_ADMIN', "the node's network"],
    });
  });

  it('has its products looked for on the nodes at once', async () => {
    const { kubectl, host } = fixture;
    const dpu = `dpu/acme-dpu-${host}-host`;
    await kubectl.run(['label', 'node', host, 'acme.example.com/dpu=host']);
    await kubectl.wait('create', [dpu]);
    expect(await kubectl.run(['get', dpu, '--no-headers'])).toContain('Acme DPU');
    await kubectl.run(['label', 'node', host, 'acme.example.com/dpu-']);
    await kubectl.wait('delete', [dpu]);
  });

  it('runs the DPUs for which it is selected, and moves the packets of pods', async () => {
    await selectPlugin(fixture, { name: 'acme' });
    await pluginRuns(fixture, '1.0.0');
    await fixture.kubectl.run(['create', '-f', 'examples/my-pod.yaml', '-f', 'examples/my-pod-2.yaml']);
    await fixture.kubectl.wait(
      'condition=Ready',
      pods.map((pod) => `pod/${pod}`),
    );
    await pingPasses();
    const bridge = await fixture.cluster.exec(fixture.dpu, ['ip', '-json', 'link', 'show', 'type', 'bridge']);
    expect(bridge.stdout).toContain('acme');
  });

  it('rolls to a fix when the rollout is not paused, and pods keep their interfaces', async () => {
    const { kubectl } = fixture;
    const before = await net1(kubectl, 'my-pod');
    await publishAcme(registry, '1.0.1');
    const commands = await documentCommands('docs/rollouts.md', 'Pause and go on');
    const [pause = [], look = [], goOn = []] = commands.map((command) => argumentsOf('kubectl', command));
    await kubectl.run(pause);
    await patchPlugin(fixture, { version: '1.0.1' });
    for (const dpu of [fixture.hostDpu, fixture.dpuDpu])
      await conditionIs(fixture, `dpu/${dpu}`, 'Configured', 'reason', 'Paused');
    const paused = '0 of 2 run acme 1.0.1, 2 waiting; 2 are Paused';
    await eventually(
      'it is told how far it is',
      () => kubectl.run(look),
      (said) => said.includes(paused),
    );
    await kubectl.run(goOn);
    await pluginRuns(fixture, '1.0.1');
    await conditionIs(fixture, 'vplugin/acme', 'RolledOut', 'status', 'True');
    expect(await net1(fixture.kubectl, 'my-pod')).toEqual(before);
    await pingPasses();
  });
});

describe('a version that asks for more of its pod', () =>
  podAsksSteps(
    () => fixture,
    () => registry,
    { running: '1.0.1', asking: '1.0.2', hugePages: '1.0.3' },
  ));

describe('a version that cannot work', () => {
  /** The DPUs run what they ran before, and pods do not notice. */
  const nothingChanged = async () => {
    await pluginRuns(fixture, '1.0.1');
    await pingPasses();
  };

  it('is rolled back when its code does not start', async () => {
    await publishAcme(registry, '1.1.0', { files: { 'dist/index.js': 'export default {};\n' } });
    await patchPlugin(fixture, { version: '1.1.0' });
    const messages = () =>
      Promise.all([fixture.hostDpu, fixture.dpuDpu].map((dpu) => messageOf(fixture, `dpu/${dpu}`, 'Configured')));
    // One has tried it, and the other does not.
    const oneHasTried = () =>
      eventually('one is rolled back and the other stopped', messages, (all) => {
        const tried = all.filter((message) => message.includes('definePlugin'));
        const stopped = all.filter((message) => message.includes('goes no further'));
        return tried.length === 1 && stopped.length === 1;
      });
    await oneHasTried();
    const { kubectl } = fixture;
    const rollouts = ['get', 'dpu', fixture.hostDpu, fixture.dpuDpu, '-o'];
    const path = 'jsonpath={.items[?(@.status.rollout.phase=="Failed")].metadata.name}';
    const whichFailed = () => kubectl.run([...rollouts, path]);
    const failed = await eventually('the way back has ended', whichFailed, (name) => name !== '');
    const [command = ''] = await documentCommands('docs/upgrade.md', 'When it goes no further');
    const [, ...args] = command.replace('<dpu>', failed).replace('"$(date)"', 'now').split(' ');
    await kubectl.run(args);
    const triedAgain = () => kubectl.run([...rollouts, 'jsonpath={.items[*].status.rollout.again}']);
    await eventually('it is tried again by order', triedAgain, (again) => again === 'true');
    await oneHasTried();
    await nothingChanged();
  });

  it.each<[string, (packageJson: Record<string, unknown>) => void, string, string]>([
    [
      'of another contract',
      (p) => Object.assign(p.dpu as object, { contract: '^9.0.0' }),
      'ContractUnsupported',
      '9.0.0',
    ],
    ['with a broken manifest', (p) => Object.assign(p.dpu as object, { products: [] }), 'ManifestInvalid', 'products'],
  ])('is refused when it is %s', async (_what, edit, reason, says) => {
    const { version } = await publishAcme(registry, nextVersion(), { edit });
    await patchPlugin(fixture, { version });
    await conditionIs(fixture, 'vplugin/acme', 'Ready', 'reason', reason);
    expect(await messageOf(fixture, 'vplugin/acme', 'Ready')).toContain(says);
    await nothingChanged();
  });

  it('is refused when it was unpublished, naming those that there are', async () => {
    const gone = await publishAcme(registry, nextVersion());
    await registry.unpublish(gone);
    await patchPlugin(fixture, { version: gone.version });
    await conditionIs(fixture, 'vplugin/acme', 'Ready', 'reason', 'VersionNotFound');
    expect(await messageOf(fixture, 'vplugin/acme', 'Ready')).toContain('1.0.1');
    await nothingChanged();
  });

  it('is not installed when the tarball is not the one that was published', async () => {
    const tampered = await publishAcme(registry, nextVersion());
    await registry.tamper(tampered, { name: tampered.name, version: '1.0.0' });
    await patchPlugin(fixture, { version: tampered.version });
    await conditionIs(fixture, `dpu/${fixture.hostDpu}`, 'Configured', 'reason', 'Tampered');
    await nothingChanged();
  });

  it('is not looked up without credentials that the registry asks for, and is with them', async () => {
    const { kubectl } = fixture;
    const { version } = await publishAcme(registry, nextVersion(), {
      edit: (packageJson) => (packageJson.name = '@acme/private'),
    });
    await patchPlugin(fixture, { package: '@acme/private', version });
    await conditionIs(fixture, 'vplugin/acme', 'Ready', 'reason', 'Unauthorized');
    await nothingChanged();
    await kubectl.run([
      'create',
      'secret',
      'generic',
      'acme-registry',
      '-n',
      namespace,
      `--from-literal=registry=${registry.url}`,
      `--from-literal=token=${registry.token}`,
    ]);
    await patchPlugin(fixture, { credentialsSecret: { name: 'acme-registry' } });
    await conditionIs(fixture, 'vplugin/acme', 'Ready', 'status', 'True');
    await pluginRuns(fixture, version);
    await pingPasses();
    await patchPlugin(fixture, { package: '@acme/dpu-vsp', version: '1.0.1', credentialsSecret: null });
    await nothingChanged();
    await kubectl.run(['delete', 'secret', '-n', namespace, 'acme-registry']);
  });

  it('changes nothing while its settings break the schema, and says which', async () => {
    await selectPlugin(fixture, { name: 'acme' }, { vfs: 'many' });
    await conditionIs(fixture, `dpu/${fixture.hostDpu}`, 'Configured', 'reason', 'SettingsInvalid');
    expect(await messageOf(fixture, `dpu/${fixture.hostDpu}`, 'Configured')).toContain('vfs');
    await nothingChanged();
    await selectPlugin(fixture, { name: 'acme' }, { vfs: null });
    await conditionIs(fixture, `dpu/${fixture.hostDpu}`, 'Configured', 'status', 'True');
  });

  it('is told when the registry does not answer, and what runs starts again without it', async () => {
    const { kubectl } = fixture;
    await registry.stop();
    await patchPlugin(fixture, { version: '2.0.0' });
    await conditionIs(fixture, 'vplugin/acme', 'Ready', 'reason', 'RegistryUnreachable');
    await kubectl.run(['delete', 'pod', '-n', namespace, `vsp-${fixture.dpuDpu}`, `vsp-${fixture.hostDpu}`]);
    await nothingChanged();
  });
});

describe('the software DPU', () => {
  it('comes back when no plugin is selected, once the pods of the other are gone', async () => {
    await selectPlugin(fixture, null, { networkFunctionPorts: 4 });
    // Another plugin cannot take over what this one has built: the pods are evicted.
    await fixture.kubectl.wait(
      'delete',
      pods.map((pod) => `pod/${pod}`),
    );
    for (const dpu of [fixture.hostDpu, fixture.dpuDpu]) {
      await fixture.kubectl.wait('jsonpath={.status.plugin.name}=@dpu-operator/vsp-mock', [`dpu/${dpu}`]);
    }
    await dpusReady(fixture);
    const links = await Promise.all(
      [fixture.host, fixture.dpu].map((node) => fixture.cluster.exec(node, ['ip', '-oneline', 'link'])),
    );
    expect(links.map(({ stdout }) => stdout).join('\n')).not.toContain('acme');
  });
});

describe('plugins that were installed on nodes', () => {
  it('are taken off them by the commands of docs/remove.md', async () => {
    const installed = (node: string) => onNode(fixture, node, 'ls -A /var/lib/dpu-operator/plugins');
    const onBoth = () => Promise.all([fixture.host, fixture.dpu].map(installed));
    expect(await onBoth()).not.toContain('');
    const commands = await documentCommands('docs/remove.md', 'Removing');
    const [make = '', wait = '', remove = '', ...more] = commands.filter((one) => one.includes('remove-caches'));
    expect(more).toEqual([]);
    await fixture.kubectl.run(argumentsOf('kubectl', make));
    await fixture.kubectl.run(argumentsOf('kubectl', wait));
    expect(await onBoth()).toEqual(['', '']);
    await fixture.kubectl.run(argumentsOf('kubectl', remove));
  });
});
