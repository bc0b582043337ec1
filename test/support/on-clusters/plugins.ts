/** Plugins of a registry on the tests' cluster: published, selected, waited for. */
import type { PackageJson, PublishOptions, Registry } from '../registries/registry.ts';
import { namespace, type OperatorFixture } from './operator.ts';

/** This machine, as the cluster's nodes and pods reach it. */
export async function gateway({ cluster, host }: OperatorFixture): Promise<string> {
  const { stdout } = await cluster.exec(host, ['ip', '-json', 'route', 'show', 'default']);
  const [route] = JSON.parse(stdout) as [{ gateway: string }];
  return route.gateway;
}

export function publishAcme(registry: Registry, version: string, change: PublishOptions = {}): Promise<PackageJson> {
  return registry.publish('examples/vsp-acme', {
    ...change,
    edit: (packageJson) => {
      packageJson.version = version;
      change.edit?.(packageJson);
    },
  });
}

/** The DpuOperatorConfig names the registry, which has no TLS, for all plugins that name none; undefined names none. */
export async function takePluginsFrom(
  { kubectl }: Pick<OperatorFixture, 'kubectl'>,
  registry: Registry | undefined,
): Promise<void> {
  const plugins = registry ? { registry: registry.url, httpRegistries: [new URL(registry.url).host] } : null;
  const patch = JSON.stringify({ spec: { plugins } });
  await kubectl.run(['patch', 'dpuoperatorconfig', 'dpu-operator-config', '--type=merge', '-p', patch]);
}

export async function patchPlugin({ kubectl }: OperatorFixture, spec: object): Promise<void> {
  await kubectl.run(['patch', 'vplugin', 'acme', '--type=merge', '-p', JSON.stringify({ spec })]);
}

/** Has both DPUs run a plugin, with settings that tell each where the other is; null is the one that detected them. */
export async function selectPlugin(
  fixture: OperatorFixture,
  plugin: object | null,
  settings: object = {},
): Promise<void> {
  for (const [role, other] of [
    ['host', fixture.dpu],
    ['dpu', fixture.host],
  ] as const) {
    const peer = `{nodeIp:${other}}`;
    const patch = JSON.stringify({ spec: { plugin, settings: { networkFunctionPorts: null, ...settings, peer } } });
    const config = ['dpuconfig', '-n', namespace, `software-dpu-${role}`];
    await fixture.kubectl.run(['patch', ...config, '--type=merge', '-p', patch]);
  }
}

/** Waits until both DPUs run a version and are Ready. */
export async function pluginRuns({ kubectl, hostDpu, dpuDpu }: OperatorFixture, version: string): Promise<void> {
  for (const dpu of [hostDpu, dpuDpu]) {
    await kubectl.wait(`jsonpath={.status.plugin.version}=${version}`, [`dpu/${dpu}`]);
    await kubectl.wait('condition=Ready', [`dpu/${dpu}`]);
  }
}

/** Waits until a condition of an object (`dpu/x`) has this status or reason. */
export function conditionIs(
  { kubectl }: OperatorFixture,
  object: string,
  type: string,
  field: 'status' | 'reason',
  value: string,
): Promise<void> {
  return kubectl.wait(`jsonpath={.status.conditions[?(@.type=="${type}")].${field}}=${value}`, [object]);
}

export function messageOf({ kubectl }: OperatorFixture, object: string, type: string): Promise<string> {
  return kubectl.run(['get', object, '-o', `jsonpath={.status.conditions[?(@.type=="${type}")].message}`]);
}
