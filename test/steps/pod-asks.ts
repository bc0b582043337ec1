/** A version of the Acme plugin that asks for all that a plugin can ask for: approved, given it, and told what is missing. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { PluginManifest } from '@dpu-operator/sdk/manifest';
import { expect, it } from 'vitest';
import { argumentsOf, documentCommands } from '../support/documents/readme.ts';
import { eventually } from '../support/eventually.ts';
import { namespace, type OperatorFixture } from '../support/on-clusters/operator.ts';
import { conditionIs, messageOf, patchPlugin, pluginRuns, publishAcme } from '../support/on-clusters/plugins.ts';
import type { Registry } from '../support/registries/registry.ts';

type Pod = PluginManifest['pod'];

/** Not to be found where it does not belong. */
const passwords = ['not-to-be-seen-1', 'not-to-be-seen-2'] as const;
const files = { secret: 'acme-rack', configMap: 'acme-greeting' };
const account = 'dpu-vsp-acme';

const asked: Pod = {
  // For the device node.
  privileged: true,
  hostPaths: [{ path: '/etc/hostname', at: '/node/hostname', readOnly: true }],
  devices: [{ path: '/dev/null', at: '/dev/acme-null' }],
  secret: { keys: ['password'], description: 'of the management controller' },
  configMap: { keys: ['greeting'] },
  companions: [
    {
      name: 'agent',
      image: 'dpu-operator/tools:dev',
      args: ['sh', '-c', 'echo "$GREETING" > /var/run/dpu-shared/companion && exec sleep infinity'],
      env: { GREETING: 'from the companion' },
    },
  ],
  rbac: [{ apiGroups: [''], resources: ['configmaps'], resourceNames: ['acme-facts'], verbs: ['get'] }],
  gracePeriodSeconds: 45,
};

/** @param plugin The Acme plugin's versions: the one that runs both DPUs, and two newer ones. */
export function podAsksSteps(
  fixture: () => OperatorFixture,
  registry: () => Registry,
  plugin: { running: string; asking: string; hugePages: string },
): void {
  const kubectl = (...args: string[]) => fixture().kubectl.run(args);
  const dpus = () => [fixture().hostDpu, fixture().dpuDpu].map((dpu) => `dpu/${dpu}`);

  const publish = async (version: string, pod: Pod) =>
    publishAcme(registry(), version, {
      files: { 'dist/asking.js': await readFile('test/support/asking/plugin.js', 'utf8') },
      edit: (packageJson) => {
        Object.assign(packageJson.dpu as object, { pod });
        packageJson.exports = { '.': './dist/asking.js', './package.json': './package.json' };
      },
    });

  const selectFiles = async (secret: object | null, configMap: object | null) => {
    for (const role of ['host', 'dpu']) {
      const config = ['dpuconfig', '-n', namespace, `software-dpu-${role}`];
      await kubectl('patch', ...config, '--type=merge', '-p', JSON.stringify({ spec: { secret, configMap } }));
    }
  };

  const putFiles = (password: string, greeting: string) => {
    const object = (kind: string, name: string, data: object) => ({
      apiVersion: 'v1',
      kind,
      metadata: { name, namespace },
      ...data,
    });
    return fixture().kubectl.apply(
      object('Secret', files.secret, { stringData: { password } }),
      object('ConfigMap', files.configMap, { data: { greeting } }),
      object('ConfigMap', 'acme-facts', { data: { fact: 'from the API' } }),
      object('ConfigMap', 'acme-other', { data: { fact: 'not for this account' } }),
    );
  };

  /** Waits until each DPU's plugin says of its files what they hold. */
  const untilRead = async (password: string, greeting: string, beforeLook = async () => {}) => {
    const secret = createHash('sha256').update(password).digest('hex');
    for (const dpu of dpus()) {
      const look = ['get', dpu, '-o', 'jsonpath={.status.card.conditions[?(@.type=="Asked")].message}'];
      const said = await eventually(
        `the plugin of ${dpu} says what it got`,
        async () => {
          await beforeLook();
          return JSON.parse(await fixture().kubectl.run(look)) as Record<string, string>;
        },
        (answer) => answer.secret === secret && answer.config === greeting,
      );
      expect(said).toMatchObject({
        device: 'written',
        companion: 'from the companion',
        api: 'from the API',
        forbidden: expect.stringContaining(`${account}" cannot get resource`),
      });
      expect([fixture().host, fixture().dpu]).toContain(said.hostPath);
    }
  };

  /** The kubelet looks at a pod's files once a minute, and whenever the pod changes. */
  const kubeletLooks = async () => {
    const annotation = `acme.example.com/look=${Date.now()}`;
    await kubectl('annotate', 'pods', '-n', namespace, '-l', 'app=vsp', '--overwrite', annotation);
  };

  it('waits for an account with the rights that it asks for, and says how to make it', async () => {
    await publish(plugin.asking, asked);
    await patchPlugin(fixture(), { version: plugin.asking });
    await conditionIs(fixture(), 'vplugin/acme', 'Ready', 'reason', 'ServiceAccountMissing');
    const message = await messageOf(fixture(), 'vplugin/acme', 'Ready');
    const rules = JSON.parse(/with these rules: (\[.*?\]);/.exec(message)?.[1] ?? '[]') as object[];
    expect(rules).toEqual(asked.rbac);
    const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: account, namespace } };
    await fixture().kubectl.apply({ ...role, rules });
    for (const command of message.match(/kubectl [^;]*/g) ?? []) await kubectl(...command.split(' ').slice(1));
    await patchPlugin(fixture(), { pod: { serviceAccountName: account } });
  });

  it('waits for approval, says what is more and how to approve it, and changes nothing before', async () => {
    await conditionIs(fixture(), 'vplugin/acme', 'Ready', 'reason', 'ApprovalRequired');
    const message = await messageOf(fixture(), 'vplugin/acme', 'Ready');
    for (const more of ['privileged', 'device /dev/null', 'path /etc/hostname', 'companion agent', 'key password']) {
      expect(message).toContain(more);
    }
    await pluginRuns(fixture(), plugin.running);
    const guide = 'packages/sdk/docs/guides/pod.md';
    const [documented = ''] = await documentCommands(guide, 'A version that asks for more');
    const command = documented.replace('1.1.0', plugin.asking);
    expect(message).toContain(command);
    await kubectl(...argumentsOf('kubectl', command));
    await conditionIs(fixture(), 'vplugin/acme', 'Ready', 'status', 'True');
  });

  it('waits for the Secret and the ConfigMap that its configs are to name', async () => {
    for (const dpu of dpus()) await conditionIs(fixture(), dpu, 'Configured', 'reason', 'SecretMissing');
    expect(await messageOf(fixture(), dpus()[0] ?? '', 'Configured')).toContain(
      'password (of the management controller)',
    );
    await putFiles(passwords[0], 'hello');
    await selectFiles({ name: files.secret }, { name: files.configMap });
    await pluginRuns(fixture(), plugin.asking);
  });

  it('has the companion, device, path, files and rights that it asked for', async () => {
    await untilRead(passwords[0], 'hello');
    const pod = await fixture().kubectl.json<{ spec: Record<string, unknown> }>([
      'get',
      'pod',
      '-n',
      namespace,
      `vsp-${fixture().hostDpu}`,
    ]);
    expect(pod.spec).toMatchObject({ serviceAccountName: account, terminationGracePeriodSeconds: 45 });
  });

  it('reads its files again when they change, which are in no status, environment or log', async () => {
    await putFiles(passwords[1], 'hello again');
    await untilRead(passwords[1], 'hello again', kubeletLooks);
    const shown = [await kubectl('get', 'dpu,vplugin,dpuconfig,pods,events', '-A', '-o', 'yaml')];
    for (const dpu of [fixture().hostDpu, fixture().dpuDpu]) {
      shown.push(await fixture().kubectl.exec(`vsp-${dpu}`, namespace, ['cat', '/proc/1/environ']));
      shown.push(await kubectl('logs', '-n', namespace, `vsp-${dpu}`, '--all-containers'));
    }
    for (const app of ['app=dpu-daemon', 'app=dpu-operator-controller-manager']) {
      shown.push(await kubectl('logs', '-n', namespace, '-l', app, '--tail=-1'));
    }
    expect(shown.every((text) => text.length > 0)).toBe(true);
    for (const password of passwords) {
      for (const form of [password, Buffer.from(password).toString('base64')]) expect(shown.join()).not.toContain(form);
    }
  });

  it('is told which huge pages its node has not, and makes room for a version that asks for less', async () => {
    await publish(plugin.hugePages, { ...asked, resources: { hugePages: { '1Gi': '512Gi' } } });
    await patchPlugin(fixture(), { version: plugin.hugePages, approvedVersion: plugin.hugePages });
    // DPUs change one after the other, in no order.
    const messages = () => Promise.all(dpus().map((dpu) => messageOf(fixture(), dpu, 'VspPod')));
    await eventually('one says what is missing', messages, (all) => all.join().includes('hugepages-1Gi'));
    await patchPlugin(fixture(), { version: plugin.running, approvedVersion: null, pod: null });
    await selectFiles(null, null);
    await pluginRuns(fixture(), plugin.running);
    const made = [`role/${account}`, `rolebinding/${account}`, `serviceaccount/${account}`];
    const left = [
      `secret/${files.secret}`,
      `configmap/${files.configMap}`,
      'configmap/acme-facts',
      'configmap/acme-other',
    ];
    await kubectl('delete', '-n', namespace, ...made, ...left);
  });
}
