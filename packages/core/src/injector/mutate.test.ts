import { describe, expect, test } from 'vitest';
import { injectorNames, networksAnnotation, resourceName } from '../api/names/names.ts';
import { defaultNetworkAnnotation } from './networks.ts';
import { injectInto, netInfo, outcome, podWith } from './testing/pods.ts';

const asks = (counts: Record<string, string>) => ({ requests: counts, limits: counts });
const one = asks({ [resourceName]: '1' });

describe('networks', () => {
  test.each<[string, string, Record<string, string>]>([
    ['short', 'net', { [resourceName]: '1' }],
    ['named twice', 'net, net', { [resourceName]: '2' }],
    ['namespaced', 'team/net', { 'example.com/team': '1' }],
    ['with an interface', 'default/net@dpu0,net@dpu1', { [resourceName]: '2' }],
    ['with spaces', ' default / net @ dpu0 , net ', { [resourceName]: '2' }],
    ['with a dot, in JSON', '[{"name":"a.b"}]', { 'example.com/dotted': '1' }],
    ['of several resources', 'net,plain,other', { [resourceName]: '1', 'example.com/other': '1' }],
    [
      'JSON',
      '[{"name":"net","interface":"x"},{"name":"net","namespace":"team"}]',
      {
        [resourceName]: '1',
        'example.com/team': '1',
      },
    ],
    [
      'JSON with a namespace that is null or empty',
      '[{"name":"net","namespace":null},{"name":"net","namespace":""}]',
      {
        [resourceName]: '2',
      },
    ],
  ])('adds what networks ask for: %s', (_, networks, counts) => {
    expect(outcome(podWith(networks)).spec.containers?.[0].resources).toEqual(asks(counts));
  });

  test('the default network counts with the others', () => {
    const pod = podWith('net');
    pod.metadata.annotations = { ...pod.metadata.annotations, [defaultNetworkAnnotation]: 'default/net' };
    expect(outcome(pod).spec.containers?.[0].resources).toEqual(asks({ [resourceName]: '2' }));
  });

  test('a device that a claim brings is not asked for, where the network says so; else a warning tells how', () => {
    const claims = { containers: [{ name: 'app' }], resourceClaims: [{ name: 'vf', resourceClaimTemplateName: 'vf' }] };
    expect(injectInto(podWith('claimed', claims))).toEqual({ patch: [], warnings: [] });
    expect(outcome(podWith('claimed,net', claims)).spec.containers?.[0].resources).toEqual(one);
    expect(injectInto(podWith('net', claims)).warnings).toEqual([]);
    expect(outcome(podWith('claimed')).spec.containers?.[0].resources).toEqual(asks({ 'example.com/claimed': '1' }));
    const { patch, warnings } = injectInto(podWith('other', claims));
    expect(patch).not.toEqual([]);
    expect(warnings).toEqual([expect.stringContaining('dpu.config.openshift.io/devices-by-claim: "true"')]);
  });

  test.each<[string, string]>([
    ['absent', 'there is no NetworkAttachmentDefinition default/absent, which the pod names as its network'],
    ['elsewhere/net', 'there is no NetworkAttachmentDefinition elsewhere/net, which'],
    ['a/b/c', `annotation ${networksAnnotation}: 'a/b/c' has more than one /`],
    ['net@a@b', `annotation ${networksAnnotation}: 'net@a@b' has more than one @`],
    ['net@', "'net@': '' is no name of an interface"],
    ['net,,net', "'': '' is no name of an object"],
    ['Net', "'Net' is no name of an object"],
    ['n'.repeat(254), `'${'n'.repeat(254)}' is no name of an object`],
    ['[{"name":1}]', 'is no list of networks'],
    ['[{]', `annotation ${networksAnnotation}: `],
    [
      'broken',
      "NetworkAttachmentDefinition default/broken: annotation k8s.v1.cni.cncf.io/nodeSelector: 'a=b=c' is not one label",
    ],
    ['spaced', "annotation k8s.v1.cni.cncf.io/nodeSelector: 'zone=Zone A' is not one label"],
    ['cpu', "NetworkAttachmentDefinition default/cpu: annotation k8s.v1.cni.cncf.io/resourceName: 'cpu' is no name of"],
    ['own', "'kubernetes.io/batch' is no name of devices"],
    ['words', "'example.com/two words' is no name of devices"],
    ['long', `'example.com/${'x'.repeat(64)}' is no name of devices`],
    ['net,a.b', `'a.b': Multus takes 'a.b' in JSON only: [{"name":"a.b"}]`],
    [
      'zone-a,zone-b',
      'no node has both networks: default/zone-a is on nodes with zone=a, default/zone-b on those with zone=b',
    ],
  ])('%s is refused', (networks, message) => {
    expect(() => injectInto(podWith(networks))).toThrow(message);
  });

  test.each([
    ['too many', Array(1025).fill('net').join(), 'names 1025 networks, a pod has 1024 at most'],
    ['too many in JSON', JSON.stringify(Array(1025).fill(1)), 'names 1025 networks, a pod has 1024 at most'],
    ['more than a pod can have of annotations', '['.repeat(256 * 1024 + 1), 'has more than 262144 characters'],
  ])('%s are refused', (_, networks, message) => {
    expect(() => injectInto(podWith(networks))).toThrow(`annotation ${networksAnnotation}: ${message}`);
  });

  test('two default networks are refused', () => {
    const pod = podWith(undefined);
    pod.metadata.annotations = { [defaultNetworkAnnotation]: 'net,other' };
    expect(() => injectInto(pod)).toThrow(`annotation ${defaultNetworkAnnotation}: names 2 networks`);
  });

  test.each([undefined, '', ' ', 'plain', 'blank'])('%j leaves the pod alone', (networks) => {
    expect(injectInto(podWith(networks))).toEqual({ patch: [], warnings: [] });
  });
});

describe('resources', () => {
  test('of the first container, beside what it has', () => {
    const { containers } = outcome(
      podWith('net', {
        containers: [{ name: 'a', resources: { requests: { cpu: '1' }, claims: [{ name: 'gpu' }] } }, { name: 'b' }],
      }),
    ).spec;
    expect(containers?.[0].resources).toEqual({
      requests: { cpu: '1', [resourceName]: '1' },
      limits: { [resourceName]: '1' },
      claims: [{ name: 'gpu' }],
    });
    expect(containers?.[1].resources).toBeUndefined();
  });

  test.each([0, 1])('what the user set in container %i stays', (index) => {
    const containers = [{ name: 'a' }, { name: 'b' }].map((container, at) =>
      at === index ? { ...container, resources: { limits: { [resourceName]: '4' } } } : container,
    );
    const made = outcome(podWith('net,other', { containers })).spec.containers;
    expect(made?.[index].resources.limits[resourceName]).toBe('4');
    expect(made?.[0].resources.limits['example.com/other']).toBe('1');
    expect(made?.[1 - index].resources?.limits?.[resourceName]).toBeUndefined();
  });

  test.each<[string, string | undefined, object | undefined]>([
    ['a sidecar asks for stays', 'Always', undefined],
    ['an init container asks for is had by the others after it', undefined, one],
  ])('what %s', (_, restartPolicy, added) => {
    const initContainers = [{ name: 'i', restartPolicy, resources: one }];
    const pod = podWith('net', { initContainers, containers: [{ name: 'a' }] });
    expect(outcome(pod).spec.containers?.[0].resources).toEqual(added);
  });

  test('are added to what the user set where the switch says so, in the first container', () => {
    const first = { name: 'a', resources: { requests: { [resourceName]: '1k' }, limits: { [resourceName]: 3 } } };
    const pod = podWith('net,net', { containers: [first, { name: 'b' }] });
    expect(outcome(pod, { addToExisting: true }).spec.containers?.[0].resources).toEqual({
      requests: { [resourceName]: '1002' },
      limits: { [resourceName]: '5' },
    });
  });

  test('a number that cannot be added to is refused', () => {
    const first = { name: 'a', resources: { requests: { [resourceName]: '1m' } } };
    expect(() => injectInto(podWith('net', { containers: [first] }), { addToExisting: true })).toThrow(
      `spec.containers[0].resources.requests.${resourceName}: '1m' is no whole number`,
    );
  });

  test.each([null, []])('a pod whose containers are %j is left to the API server', (containers) => {
    expect(injectInto(podWith('net', { containers })).patch).toEqual([]);
  });
});

describe('/etc/podnetinfo', () => {
  test('is in every container, whatever is null', () => {
    const { spec } = outcome(
      podWith('net', {
        containers: [
          { name: 'a', volumeMounts: null, resources: null },
          { name: 'b', volumeMounts: [{ name: 'v', mountPath: '/v' }] },
        ],
        volumes: null,
        nodeSelector: null,
      }),
    );
    expect(spec.containers?.[0]).toEqual({ name: 'a', resources: one, volumeMounts: [netInfo] });
    expect(spec.containers?.[1].volumeMounts).toEqual([{ name: 'v', mountPath: '/v' }, netInfo]);
    expect(spec.volumes).toEqual([
      {
        name: 'podnetinfo',
        downwardAPI: {
          items: [
            { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
            { path: 'annotations', fieldRef: { fieldPath: 'metadata.annotations' } },
          ],
        },
      },
    ]);
  });

  test('a volume or mount of the user stays', () => {
    const volumes = [{ name: 'podnetinfo', emptyDir: {} }];
    const containers = [{ name: 'a', volumeMounts: [{ name: 'mine', mountPath: '/etc/podnetinfo' }] }, { name: 'b' }];
    const { spec } = outcome(podWith('net', { containers, volumes }));
    expect(spec.volumes).toEqual(volumes);
    expect(spec.containers?.map(({ volumeMounts }) => volumeMounts)).toEqual([containers[0]?.volumeMounts, [netInfo]]);
  });

  const withHugepages = podWith('net', {
    containers: [
      {
        name: 'a',
        resources: { requests: { 'hugepages-1Gi': '2Gi' }, limits: { 'hugepages-1Gi': '2Gi', 'hugepages-2Mi': '0' } },
      },
      {
        name: 'b',
        env: [{ name: 'CONTAINER_NAME', value: 'mine' }],
        resources: { limits: { 'hugepages-2Mi': '4Mi' } },
      },
      { name: 'c' },
    ],
  });

  test('tells hugepages of each container where the switch says so', () => {
    const { spec } = outcome(withHugepages, { hugepages: true });
    expect(spec.volumes?.[0].downwardAPI.items.slice(2)).toEqual([
      {
        path: 'hugepages_1G_request_a',
        resourceFieldRef: { resource: 'requests.hugepages-1Gi', containerName: 'a', divisor: '1Mi' },
      },
      {
        path: 'hugepages_1G_limit_a',
        resourceFieldRef: { resource: 'limits.hugepages-1Gi', containerName: 'a', divisor: '1Mi' },
      },
      {
        path: 'hugepages_2M_limit_b',
        resourceFieldRef: { resource: 'limits.hugepages-2Mi', containerName: 'b', divisor: '1Mi' },
      },
    ]);
    expect(spec.containers?.map(({ env }) => env)).toEqual([
      [{ name: 'CONTAINER_NAME', value: 'a' }],
      [{ name: 'CONTAINER_NAME', value: 'mine' }],
      undefined,
    ]);
  });

  test('tells nothing of them else', () => {
    const { spec } = outcome(withHugepages);
    expect(spec.volumes?.[0].downwardAPI.items).toHaveLength(2);
    expect(spec.containers?.[0].env).toBeUndefined();
  });
});

describe('node selector', () => {
  test.each<[string, Record<string, string>]>([
    ['zone-a', { mine: 'x', zone: 'a' }],
    ['flag', { mine: 'x', 'has-dpu': '' }],
    ['zone-a,zone-a', { mine: 'x', zone: 'a' }],
  ])('is that of the networks %s, beside the user’s', (networks, nodeSelector) => {
    expect(
      outcome(podWith(networks, { containers: [{ name: 'a' }], nodeSelector: { mine: 'x' } })).spec.nodeSelector,
    ).toEqual(nodeSelector);
  });

  test('a label that every object has in JavaScript is none of the pod', () => {
    expect(injectInto(podWith('inherited')).warnings).toEqual([]);
  });

  test('another value of the user stays, and he is told', () => {
    const pod = podWith('zone-a', { containers: [{ name: 'a' }], nodeSelector: { zone: 'mine' } });
    expect(injectInto(pod)).toEqual({
      patch: [],
      warnings: ["spec.nodeSelector.zone: stays 'mine', but network default/zone-a is on nodes with 'a'"],
    });
  });
});

describe('user-defined injections', () => {
  const annotationsByLabel = new Map([
    ['b', { [networksAnnotation]: 'other', x: 'of b' }],
    ['a', { [networksAnnotation]: 'net' }],
  ]);

  test('a label that is true adds annotations, and what their networks need', () => {
    const pod = podWith(undefined);
    pod.metadata = { labels: { a: 'True', b: 'true' } };
    const made = outcome(pod, { annotationsByLabel });
    expect(made.metadata.annotations).toEqual({ [networksAnnotation]: 'net', x: 'of b' });
    expect(made.spec.containers?.[0].resources).toEqual(one);
  });

  test('a label that a pod lacks asks for nothing, whatever its name', () => {
    const pod = podWith('plain');
    pod.metadata.labels = { x: 'y' };
    const byLabel = new Map([['toString', { [networksAnnotation]: 'net' }]]);
    expect(injectInto(pod, { annotationsByLabel: byLabel }).patch).toEqual([]);
  });

  test("the pod's own annotations win", () => {
    const pod = podWith('plain');
    pod.metadata.labels = { a: 'true', b: 'false' };
    expect(injectInto(pod, { annotationsByLabel }).patch).toEqual([]);
  });
});

test.each([false, true])(
  'a pod that another injector has been at is left alone (added to what is there: %s)',
  (addToExisting) => {
    const mount = { name: 'podnetinfo', readOnly: false, mountPath: '/etc/podnetinfo' };
    const pod = podWith('net, net', {
      containers: [{ name: 'a', resources: asks({ [resourceName]: '2' }), volumeMounts: [mount] }],
      volumes: [{ name: 'podnetinfo', downwardAPI: { items: [] } }],
    });
    expect(injectInto(pod, { addToExisting }).patch).toEqual([]);
    // Where there are two, the other is called first: it would add the volume once more.
    expect(injectorNames.webhook > 'network-resources-injector-config').toBe(true);
  },
);

test.each([false, true])(
  'another run over the outcome changes nothing (added to what is there: %s)',
  (addToExisting) => {
    const settings = { addToExisting, hugepages: true, annotationsByLabel: new Map([['l', { y: 'z' }]]) };
    const pod = podWith('net, net, zone-b, flag', {
      containers: [
        { name: 'a', resources: { limits: { 'hugepages-2Mi': '4Mi', [resourceName]: '1' } } },
        { name: 'b' },
      ],
    });
    pod.metadata.labels = { l: 'true' };
    const once = outcome(pod, settings);
    expect(once).not.toEqual(pod);
    expect(injectInto(once, settings).patch).toEqual([]);
  },
);
