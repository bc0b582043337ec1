/** The server's door: whatever is posted is answered, its sender's mistakes as such, and nothing odd gets in. */
import { mkdtempSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resultOf } from '../attach/result.ts';
import { fuzzParameters, fuzzTimeout, oddJson, oddName, oddText, withOddFields } from '../testing/fuzz.ts';
import { CniServer, type CniServerOptions } from './cni-server.ts';

const socketPath = join(mkdtempSync(join(tmpdir(), 'cni-fuzz-')), 'dir', 'cni.sock');
const attached = { name: 'net1', mac: '02:00:00:00:00:01', mtu: 1500, sandbox: '/run/netns/a' };
const agent = new Agent();

/** As the real one takes them: what it would do with such names must not depend on luck. */
const engine: CniServerOptions['engine'] = {
  add: async ({ containerId, ifName, netns, network, mac, ipam, pod }) => {
    expect(containerId).toMatch(/^[a-zA-Z0-9][\w.-]{0,254}$/);
    expect(ifName).not.toMatch(/[/:%\s\p{Cc}]|^\.{1,2}$/u);
    expect(Buffer.byteLength(ifName)).toBeLessThanOrEqual(15);
    expect(netns).toMatch(/^\/\P{Cc}{0,4094}$/u);
    expect(network.name).toMatch(/^[a-zA-Z0-9][\w.-]*$/);
    for (const id of [network.deviceID, network.runtimeConfig?.deviceID]) expect(id ?? '').not.toMatch(/\p{Cc}/u);
    expect(mac ?? attached.mac).toMatch(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/);
    expect(ipam?.type ?? 'none').toMatch(/^(?!\.{1,2}$|dpu-cni$)[\w.-]+$/);
    expect(`${pod?.namespace ?? ''}${pod?.name ?? ''}${pod?.uid ?? ''}`).toMatch(/^[\w.-]*$/);
    return resultOf(network, attached, undefined);
  },
  del: async ({ containerId, ifName }) => {
    expect(containerId).toMatch(/^[a-zA-Z0-9][\w.-]*$/);
    expect(ifName).not.toMatch(/\p{Cc}/u);
  },
  check: async ({ netns }) => expect(netns).toMatch(/^\//),
  gc: async (_network, valid) => expect(Array.isArray(valid)).toBe(true),
  status: async () => {},
};
const server = new CniServer({ engine, socketPath, logger: pino({ level: 'silent' }) });
beforeAll(() => server.start());
afterAll(() => server.close(0));

function post(body: string | Buffer) {
  return new Promise<{ status: number | undefined; code: unknown; text: string }>((resolve, reject) => {
    const call = request({ socketPath, path: '/cni', method: 'POST', agent }, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode, code: response.headers['x-cni-error-code'], text });
    });
    call.on('error', reject);
    call.end(body);
  });
}

const args = oddText.map((text) => `K8S_POD_NAMESPACE=ns;K8S_POD_NAME=${text};MAC=${text}`);
const variables = {
  CNI_COMMAND: 'ADD',
  CNI_CONTAINERID: 'c1',
  CNI_IFNAME: 'net1',
  CNI_NETNS: '/run/netns/a',
  CNI_ARGS: 'K8S_POD_NAMESPACE=ns;K8S_POD_NAME=pod;K8S_POD_UID=1-2',
  CNI_PATH: '/opt/cni/bin',
  PATH: '/usr/bin',
};
const command = fc.constantFrom('ADD', 'DEL', 'CHECK', 'GC', 'STATUS').map((name) => ({ CNI_COMMAND: name }));
const extra = fc.oneof(
  fc.constant({}),
  fc.dictionary(oddText, oddText),
  args.map((text) => ({ CNI_ARGS: text })),
);
const env = fc
  .tuple(withOddFields(variables, oddText), fc.oneof(fc.constant({}), command), extra)
  .map(([base, ...changes]) => Object.assign({}, base, ...changes));
const network = {
  cniVersion: '1.1.0',
  name: 'net',
  deviceID: '0000:01:00.1',
  mac: '02:00:00:00:00:01',
  vlan: 5,
  mtu: 1500,
  dns: { nameservers: ['10.0.0.53'] },
  ipam: { type: 'host-local' },
  runtimeConfig: { mac: '0200.0000.0001', deviceID: 'vf0' },
  prevResult: { interfaces: [{ name: 'eth0' }] },
  'cni.dev/valid-attachments': [{ containerID: 'c1', ifname: 'net1' }],
};
const insideOut = fc.oneof(
  oddText.map((type) => ({ ipam: { type } })),
  fc.record({ mac: oddJson, deviceID: oddText }).map((runtimeConfig) => ({ runtimeConfig })),
  fc.record({ interfaces: oddJson, ips: oddJson, ip4: oddJson, dns: oddJson }).map((prevResult) => ({ prevResult })),
);
const config = fc
  .tuple(withOddFields(network, fc.oneof(oddJson, oddName)), fc.oneof(fc.constant({}), insideOut))
  .map(([base, change]) => ({ ...base, ...change }));
const base64 = (text: string) => Buffer.from(text).toString('base64');
const text = fc.oneof(
  { arbitrary: config.map((json) => base64(JSON.stringify(json))), weight: 8 },
  { arbitrary: oddText, weight: 1 },
  {
    arbitrary: fc
      .oneof(
        oddText,
        oddJson.map((json) => `${JSON.stringify(json)}`),
      )
      .map(base64),
    weight: 1,
  },
);

test('every request gets an answer; a wrong one is its sender’s mistake', { timeout: fuzzTimeout }, async () => {
  const property = fc.asyncProperty(env, text, async (environment, encoded) => {
    const { status, code, text: said } = await post(JSON.stringify({ env: environment, config: encoded }));
    if (status === 200) {
      expect(JSON.parse(said)).toHaveProperty('Result');
      return;
    }
    expect(status, said).toBe(400);
    expect(['4', '6', '7'], said).toContain(code);
    expect(said).not.toBe('');
  });
  await fc.assert(property, fuzzParameters);
});

test('so does what is no such request at all', { timeout: fuzzTimeout }, async () => {
  const raw = fc.oneof(
    oddText.map(Buffer.from),
    fc.uint8Array({ maxLength: 200 }).map(Buffer.from),
    oddJson.map((json) => Buffer.from(`${JSON.stringify(json)}`)),
  );
  await fc.assert(
    fc.asyncProperty(raw, async (bytes) => {
      expect(await post(bytes)).toMatchObject({ status: 400, code: expect.stringMatching(/^[46]$/) });
    }),
    fuzzParameters,
  );
});

test('JSON that is nested without end is a mistake like others', async () => {
  const deep = `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
  for (const field of ['ipam', 'dns', 'prevResult', 'runtimeConfig', 'other']) {
    const answer = await post(JSON.stringify({ env: variables, config: base64(`{"name":"net","${field}":${deep}}`) }));
    expect([200, 400]).toContain(answer.status);
  }
  expect(await post(deep)).toMatchObject({ status: 400 });
});
